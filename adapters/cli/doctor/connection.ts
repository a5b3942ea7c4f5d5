// The way to a host, step by step: its name, its port, its encryption, and whether it speaks HTTP/2 alone. Each step says what the
// runtime said, as a code that has one meaning.
import { lookup } from "node:dns/promises";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp, isIP } from "node:net";
import { connect as connectTls, type PeerCertificate } from "node:tls";
import type { Result } from "../../../core/source.ts";
import { readErrorCode } from "../network.ts";

export interface Unreachable {
  /** `ENOTFOUND`, `ECONNREFUSED`, `CERT_HAS_EXPIRED`, ... or `TIMEOUT`. */
  readonly code: string;
}

export interface Certificate {
  readonly validFromMs: number;
  readonly validToMs: number;
  /** Host names that it is for. */
  readonly names: readonly string[];
}

export interface TlsFailure extends Unreachable {
  /** What the server showed, when it came that far. */
  readonly certificate: Certificate | undefined;
}

export async function resolveName(hostname: string): Promise<Result<readonly string[], Unreachable>> {
  const host = withoutBrackets(hostname);
  if (isIP(host) !== 0) return { ok: true, value: [host] };
  try {
    const addresses = await lookup(host, { all: true });
    return { ok: true, value: addresses.map(({ address }) => address) };
  } catch (error) {
    return unreachable(error);
  }
}

/** @returns ms until the port answered */
export function connectPort(url: URL, timeoutMs: number): Promise<Result<number, Unreachable>> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const socket = connectTcp({ host: withoutBrackets(url.hostname), port: portOf(url), timeout: timeoutMs });
    const end = (result: Result<number, Unreachable>) => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => end({ ok: true, value: performance.now() - startedAt }));
    socket.once("timeout", () => end({ ok: false, error: { code: "TIMEOUT" } }));
    socket.once("error", (error) => end(unreachable(error)));
  });
}

export interface Handshake {
  readonly protocol: string;
  readonly certificate: Certificate;
}

/** A handshake as the exporter's own; when that fails, another one without trust, only to read the certificate. Nothing is sent. */
export async function shakeHands(url: URL, timeoutMs: number): Promise<Result<Handshake, TlsFailure>> {
  const trusted = await handshake(url, timeoutMs, true);
  if (trusted.ok) return trusted;
  const seen = await handshake(url, timeoutMs, false);
  return { ok: false, error: { ...trusted.error, certificate: seen.ok ? seen.value.certificate : undefined } };
}

function handshake(url: URL, timeoutMs: number, rejectUnauthorized: boolean): Promise<Result<Handshake, Unreachable>> {
  const host = withoutBrackets(url.hostname);
  return new Promise((resolve) => {
    const socket = connectTls({
      host,
      port: portOf(url),
      timeout: timeoutMs,
      rejectUnauthorized,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    const end = (result: Result<Handshake, Unreachable>) => {
      socket.destroy();
      resolve(result);
    };
    socket.once("secureConnect", () =>
      end({ ok: true, value: { protocol: socket.getProtocol() ?? "TLS", certificate: readCertificate(socket.getPeerCertificate()) } }),
    );
    socket.once("timeout", () => end({ ok: false, error: { code: "TIMEOUT" } }));
    socket.once("error", (error) => end(unreachable(error)));
    socket.once("close", () => end({ ok: false, error: { code: "ECONNRESET" } }));
  });
}

function readCertificate({ valid_from, valid_to, subject, subjectaltname }: PeerCertificate): Certificate {
  const names = [...(subjectaltname ?? "").matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].map(([, name]) => name ?? "");
  const commonName = subject?.CN;
  if (names.length === 0 && typeof commonName === "string") names.push(commonName);
  return { validFromMs: Date.parse(valid_from), validToMs: Date.parse(valid_to), names };
}

/** Whether the server answers HTTP/2 without being asked by HTTP/1.1, as gRPC servers do. Nothing but the greeting is sent. */
export function speaksHttp2(url: URL, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    // Only its greeting is looked at, so the certificate may be any.
    const session = connectHttp2(url.origin, { rejectUnauthorized: false });
    const end = (answer: boolean) => {
      clearTimeout(timer);
      session.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end(false), timeoutMs);
    session.once("remoteSettings", () => end(true));
    session.once("error", () => end(false));
    session.once("close", () => end(false));
  });
}

export function portOf({ port, protocol }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}

function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function unreachable(error: unknown): { readonly ok: false; readonly error: Unreachable } {
  return { ok: false, error: { code: readErrorCode(error) ?? "UNKNOWN" } };
}
