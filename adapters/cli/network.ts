// Why a request got no answer, as one word that a person can look up and that holds no address.

/** The reason in a `catch` of `fetch`: `ECONNREFUSED`, `CERT_HAS_EXPIRED`, ... , `TIMEOUT`, or `no connection` when it has no name. */
export function readNetworkReason(error: unknown): string {
  const isTimeout = error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
  return isTimeout ? "TIMEOUT" : (readErrorCode(error) ?? "no connection");
}

/** The innermost reason of an error and its causes; of several addresses tried, the first one's. */
export function readErrorCode(error: unknown): string | undefined {
  let code: string | undefined;
  for (let cause = error; typeof cause === "object" && cause !== null; cause = (cause as { cause?: unknown }).cause) {
    const [first] = (cause as { errors?: readonly unknown[] }).errors ?? [];
    const own = (cause as { code?: unknown }).code ?? (first as { code?: unknown } | undefined)?.code;
    if (typeof own === "string" && /^[A-Z_0-9]{2,64}$/.test(own)) code = own;
  }
  return code;
}
