// Whether a drain is ready for Vercel: it answers the ownership probe as Vercel sends it, and it knows the secret. Nothing that is
// sent here is a log.
import { signVercel } from "./deliveries.ts";
import { readNetworkReason } from "./network.ts";

export type DrainCheck =
  | { readonly kind: "ready" }
  /** It works; Vercel may still want the header. */
  | { readonly kind: "no-verify" }
  /** `reason` is a clause for a person; `mend` is what to do, undefined when the drain's variables are wrong. */
  | { readonly kind: "not-ready"; readonly reason: string; readonly mend?: string | undefined };

const TIMEOUT_MS = 15_000;
/** A drain skips schemas that are no logs, and says so with 200 to whoever knows the secret. */
const HARMLESS = new TextEncoder().encode('[{"schema":"otlp_drain.setup_check"}]');

/** @param secret undefined when it is not known here */
export async function checkDrain(url: URL, verificationCode: string, secret: string | undefined): Promise<DrainCheck> {
  const probed = await post(url, new TextEncoder().encode("{}"), {});
  if ("reason" in probed) return unreachable(probed.reason);
  if (probed.status === 404) return notReady("is closed or has another path (404)");
  if (probed.status !== 200) return notReady(`answers ${probed.status} to Vercel's probe, where only 200 counts`, LOOK);
  if (secret !== undefined) {
    const signed = await post(url, HARMLESS, { "x-vercel-signature": signVercel(HARMLESS, secret) });
    if ("reason" in signed) return unreachable(signed.reason);
    if (signed.status === 401 || signed.status === 403) return notReady("runs with another secret");
    if (signed.status !== 200) return notReady(`answers ${signed.status} to a signed delivery`, LOOK);
  }
  return { kind: probed.verify === verificationCode ? "ready" : "no-verify" };
}

const LOOK = "check --url, and what the drain logs";

function notReady(reason: string, mend?: string): DrainCheck {
  return { kind: "not-ready", reason, mend };
}

function unreachable(reason: string): DrainCheck {
  return notReady(`cannot be reached from here (${reason})`, "start it, or check --url");
}

interface Answer {
  readonly status: number;
  readonly verify: string | null;
}

async function post(
  url: URL,
  body: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
): Promise<Answer | { readonly reason: string }> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return { status: response.status, verify: response.headers.get("x-vercel-verify") };
  } catch (error) {
    return { reason: readNetworkReason(error) };
  }
}
