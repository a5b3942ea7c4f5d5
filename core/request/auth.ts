// What a drain needs to know its sender: HMAC-SHA1 signatures, tokens, and the credentials of an Authorization header.
// Comparisons take the same time whatever matches, and every secret of a list is tried, so an answer's delay tells nothing.

const encoder = new TextEncoder();
const HMAC_SHA1 = { name: "HMAC", hash: "SHA-1" };

/**
 * A verifier of hex HMAC-SHA1 signatures (Vercel's `x-vercel-signature`) over the bytes as received.
 * @param secrets the accepted secrets, several while they rotate; empty ones never match
 * @returns resolves to true when the signature is 40 hex digits that one of the secrets makes of these bytes
 */
export function createHmacSha1Verifier(secrets: readonly string[]): (bytes: Uint8Array, signature: string | null) => Promise<boolean> {
  // Imported at the first use, because a Worker may not call crypto while it starts; the keys are kept and not their promise,
  // because a Worker's request may not wait for what another request began.
  let imported: readonly CryptoKey[] | undefined;
  return async (bytes, signature) => {
    const expected = parseSha1Hex(signature);
    if (expected === undefined) return false;
    imported ??= await Promise.all(secrets.filter((secret) => secret !== "").map(importHmacKey));
    let matched = false;
    for (const key of imported) {
      if (await crypto.subtle.verify("HMAC", key, expected, bytes as Uint8Array<ArrayBuffer>)) matched = true;
    }
    return matched;
  };
}

/**
 * A verifier of tokens and passwords. Digests are compared, so neither content nor length of a token shows in the time taken.
 * @param tokens the accepted tokens, several while they rotate; empty ones never match
 */
export function createTokenVerifier(tokens: readonly string[]): (candidate: string | undefined) => Promise<boolean> {
  let digests: readonly Uint8Array[] | undefined;
  return async (candidate) => {
    // The empty text too, lest an empty token let everyone in.
    if (!candidate) return false;
    digests ??= await Promise.all(tokens.map(digest));
    const candidateDigest = await digest(candidate);
    let matched = false;
    for (const tokenDigest of digests) {
      if (timingSafeEqual(tokenDigest, candidateDigest)) matched = true;
    }
    return matched;
  };
}

/**
 * What a sender offers as its token in `Authorization`, whatever the case of the scheme: the token of `Bearer`, the password of
 * `Basic` (the user name when the password is empty, as in `https://token@host`), else the header's value as it stands.
 * @returns no candidate when the header is missing or its Basic credentials cannot be decoded
 */
export function readCredentials(headers: Headers): readonly string[] {
  const value = headers.get("authorization")?.trim();
  if (!value) return [];
  const space = value.indexOf(" ");
  const scheme = (space < 0 ? value : value.slice(0, space)).toLowerCase();
  const rest = space < 0 ? "" : value.slice(space + 1).trim();
  if (scheme === "bearer") return rest === "" ? [] : [rest];
  if (scheme !== "basic") return [value];
  const credentials = decodeBase64Text(rest);
  const colon = credentials.indexOf(":");
  const username = colon < 0 ? credentials : credentials.slice(0, colon);
  const password = colon < 0 ? "" : credentials.slice(colon + 1);
  const candidate = password === "" ? username : password;
  return candidate === "" ? [] : [candidate];
}

/** Whether two byte strings are equal, in a time that depends on their lengths alone. */
export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  return difference === 0;
}

function importHmacKey(secret: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", encoder.encode(secret), HMAC_SHA1, false, ["verify"]);
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
}

function parseSha1Hex(text: string | null): Uint8Array<ArrayBuffer> | undefined {
  if (text === null || !/^[0-9a-fA-F]{40}$/.test(text)) return undefined;
  return Uint8Array.from({ length: 20 }, (_, index) => Number.parseInt(text.slice(index * 2, index * 2 + 2), 16));
}

function decodeBase64Text(text: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  } catch {
    return "";
  }
}
