// Brings every record to the destination or says why not: retries inside the deadline, splits what is too large, and bisects
// what is refused until the poison stands alone and all its neighbours are delivered.
import { MAX_REQUEST_BYTES } from "../limits.ts";
import { decodeJsonLogs, decodeProtobufLogs } from "../otlp/decode.ts";
import { countRecords, type ResourceLogs } from "../otlp/model.ts";
import type { OtlpRequest } from "../otlp/pass-through.ts";
import type { Failure, Result } from "../source.ts";
import { VERSION } from "../version.ts";
import { type DeadLetter, type Exported, type Exporter, type ExportFailure, type ExportOptions, internalError } from "./exporter.ts";
import { type Attempt, postRequest } from "./http.ts";
import { splitHalves, toPlainRecord, toShortRecord } from "./reduce.ts";
import { type EncodedRequest, encodeRequest, encodeRequests, RequestBuffers } from "./requests.ts";

/** Where the requests of one signal go. */
export interface Destination {
  /** The whole URL. */
  readonly endpoint: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The endpoint is that of `POST /v1/logs`. */
export interface OtlpExporterOptions extends Destination {
  /** For requests that are forwarded. */
  readonly traces?: Destination | undefined;
  readonly metrics?: Destination | undefined;
  readonly protocol?: "http/protobuf" | "http/json" | undefined;
  readonly compression?: "gzip" | "none" | undefined;
  /** For one attempt, ms. Default 10,000, as OTel's exporters. */
  readonly timeoutMs?: number | undefined;
  /** ms since the Unix epoch: `Date.now`. */
  readonly now: () => number;
  readonly fetch?: typeof fetch | undefined;
  /** A gzip better than the runtime's `CompressionStream`, which has no level. */
  readonly gzip?: ((bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>) | undefined;
  readonly onDeadLetter?: ((letter: DeadLetter) => void) | undefined;
  /** First retry delay, ms; the following ones double. Tests shorten it. */
  readonly retryDelayMs?: number | undefined;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_RETRY_DELAY_MS = 500;
const MAX_RETRY_DELAY_MS = 5_000;
/** Even a `Retry-After: 0` gives the destination a breath. */
const MIN_RETRY_DELAY_MS = 50;
/** An attempt shorter than this is not worth starting before the deadline. */
const MIN_ATTEMPT_MS = 20;
/** Requests of one delivery under way at once: one is sent while the next is encoded and compressed. */
const MAX_IN_FLIGHT = 3;
/** Requests that isolating poison may cost one delivery. A destination that refuses everything is not asked about every record. */
const MAX_BISECT_REQUESTS = 512;
const UNSUPPORTED_MEDIA_TYPE = 415;
/** Delivers over OTLP/HTTP. See `Exporter` for what its promise means. */
export function createOtlpExporter(options: OtlpExporterOptions): Exporter {
  const buffers = new RequestBuffers();
  return {
    export: (batches, exportOptions) => new Delivery(options, exportOptions, buffers).run(batches),
    async forward(request, exportOptions) {
      const { signal, encoding, bytes } = request;
      const destination = signal === "logs" ? options : options[signal];
      if (destination === undefined)
        return { ok: false, error: { reason: "refused", detail: `no destination for ${signal} is configured` } };
      const { endpoint, headers } = destination;
      const protocol = encoding === "json" ? "http/json" : "http/protobuf";
      const asItCame = { ...options, endpoint, headers, protocol } as const;
      const forwarded = await new Delivery(asItCame, exportOptions, buffers).forward(request);
      if (forwarded.kind === "done") return forwarded.result;
      const decoded = signal !== "logs" ? undefined : encoding === "json" ? decodeJsonLogs(bytes) : decodeProtobufLogs(bytes);
      // Records can be delivered one by one, and in the encoding that the destination is known to take.
      const isOfEncoding = forwarded.status === UNSUPPORTED_MEDIA_TYPE;
      if (decoded?.ok) return await new Delivery(isOfEncoding ? options : asItCame, exportOptions, buffers).run([decoded.value]);
      return { ok: false, error: toFailure(forwarded) };
    },
  };
}

type Refusal = Extract<Attempt, { kind: "too-large" | "poison" }>;

/** One call of `export`: its deadline, its counts, its first failure. */
class Delivery {
  readonly #options: OtlpExporterOptions;
  readonly #deadlineMs: number;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #notes = new Set<string>();
  readonly #buffers: RequestBuffers;
  readonly #json: boolean;
  #delivered = 0;
  #rejected = 0;
  #bisectRequests = 0;
  #failure: ExportFailure | undefined;
  /** Cleared when the destination turns out to take no gzip. */
  #compresses: boolean;

  constructor(options: OtlpExporterOptions, { deadlineMs, headers }: ExportOptions, buffers: RequestBuffers) {
    this.#options = options;
    this.#buffers = buffers;
    this.#json = options.protocol === "http/json";
    this.#deadlineMs = deadlineMs;
    this.#compresses = options.compression !== "none";
    this.#headers = {
      ...options.headers,
      ...headers,
      "content-type": this.#json ? "application/json" : "application/x-protobuf",
      "user-agent": `otlp-drain/${VERSION}`,
    };
  }

  async run(batches: Iterable<readonly ResourceLogs[]>): Promise<Result<Exported, ExportFailure>> {
    const inFlight = new Set<Promise<void>>();
    const failInternally = (error: unknown) => this.#fail(internalError(error));
    try {
      for (const request of encodeRequests(batches, this.#json, this.#buffers)) {
        if (this.#failure !== undefined) break;
        const sending = this.#send(request)
          .catch(failInternally)
          .finally(() => inFlight.delete(sending));
        inFlight.add(sending);
        if (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
      }
    } catch (error) {
      failInternally(error);
    }
    await Promise.all(inFlight);
    return this.#result();
  }

  /** Sends one request as it is. */
  async forward({
    bytes,
    records,
  }: OtlpRequest): Promise<{ readonly kind: "done"; readonly result: Result<Exported, ExportFailure> } | Refusal> {
    try {
      const attempt = await this.#attemptUntilDeadline(bytes as Uint8Array<ArrayBuffer>);
      if (attempt.kind === "too-large" || attempt.kind === "poison") return attempt;
      this.#conclude(attempt, records);
    } catch (error) {
      this.#fail(internalError(error));
    }
    return { kind: "done", result: this.#result() };
  }

  #result(): Result<Exported, ExportFailure> {
    if (this.#failure !== undefined) return { ok: false, error: this.#failure };
    return { ok: true, value: { delivered: this.#delivered, rejected: this.#rejected, notes: [...this.#notes] } };
  }

  /** Ends with every record of the request counted, or with a failure noted. */
  async #send(request: EncodedRequest): Promise<void> {
    if (this.#failure !== undefined) return;
    if (request.bytes.length > MAX_REQUEST_BYTES) {
      await this.#split(request.decode(), { kind: "too-large", status: 413, message: "" });
      return;
    }
    const attempt = await this.#attemptUntilDeadline(request.bytes);
    if (attempt.kind === "too-large" || attempt.kind === "poison") {
      await this.#split(request.decode(), attempt);
      return;
    }
    this.#conclude(attempt, request.records);
    // Sent as they are, bytes may still be under way when the answer is there already; JSON has no buffer of this kind.
    if (this.#compresses && !this.#json) this.#buffers.keep(request.bytes);
  }

  #conclude(attempt: Exclude<Attempt, Refusal>, records: number): void {
    switch (attempt.kind) {
      case "delivered":
        this.#count(records, attempt);
        return;
      case "retryable":
        this.#fail({ reason: "retryable", detail: attempt.detail, retryAfterMs: attempt.retryAfterMs });
        return;
      case "refused":
        this.#fail({ reason: "refused", detail: attempt.detail });
    }
  }

  #count(records: number, { rejected, message }: Extract<Attempt, { kind: "delivered" }>): void {
    const refused = Math.min(rejected, records);
    this.#delivered += records - refused;
    this.#rejected += refused;
    if (refused > 0) this.#notes.add(`the destination rejected records${message === "" ? "" : `: ${message}`}`);
    else if (message !== "") this.#notes.add(`the destination warns: ${message}`);
  }

  /** The first failure decides; a retryable one gives way to a refusal, which an operator must hear of. */
  #fail(failure: ExportFailure): void {
    if (this.#failure === undefined || (this.#failure.reason === "retryable" && failure.reason === "refused")) this.#failure = failure;
  }

  async #attemptUntilDeadline(bytes: Uint8Array<ArrayBuffer>): Promise<Attempt> {
    const { endpoint, now, gzip = gzipByStream, timeoutMs = DEFAULT_TIMEOUT_MS, retryDelayMs = DEFAULT_RETRY_DELAY_MS } = this.#options;
    let compressed = this.#compresses;
    let body = compressed ? await gzip(bytes) : bytes;
    const context = { fetch: this.#options.fetch ?? fetch, now };
    let last: Attempt = { kind: "retryable", detail: "no time left before the sender's deadline" };
    for (let backoffMs = retryDelayMs; ; backoffMs = Math.min(backoffMs * 2, MAX_RETRY_DELAY_MS)) {
      const leftMs = this.#deadlineMs - now();
      if (leftMs < MIN_ATTEMPT_MS || this.#failure !== undefined) return last;
      const headers = compressed ? { ...this.#headers, "content-encoding": "gzip" } : this.#headers;
      last = await postRequest({ url: endpoint, headers, body, timeoutMs: Math.min(timeoutMs, leftMs) }, context);
      if (compressed && last.kind === "poison" && last.status === UNSUPPORTED_MEDIA_TYPE) {
        // Not the records but their compression may be what is refused.
        this.#compresses = compressed = false;
        body = bytes;
        continue;
      }
      if (last.kind !== "retryable") return last;
      // Full jitter, except that the destination's own delay is a floor.
      const delayMs = Math.max(MIN_RETRY_DELAY_MS, last.retryAfterMs ?? 0, Math.random() * backoffMs);
      if (now() + delayMs + MIN_ATTEMPT_MS > this.#deadlineMs) return last;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }

  /** Halves what was refused until each half is delivered or stands alone. */
  async #split(resourceLogs: readonly ResourceLogs[], refusal: Refusal): Promise<void> {
    if (countRecords(resourceLogs) <= 1) {
      await this.#sendReduced(resourceLogs, refusal);
      return;
    }
    if (refusal.kind === "poison" && (this.#bisectRequests += 2) > MAX_BISECT_REQUESTS) {
      this.#bury(resourceLogs, refusal);
      return;
    }
    // One after the other: a destination that refuses needs no crowd.
    for (const half of splitHalves(resourceLogs)) await this.#send(encodeRequest(half, this.#json));
  }

  /** A record that is refused alone gets one more chance: cut short when too large, as a plain body when refused. */
  async #sendReduced(resourceLogs: readonly ResourceLogs[], refusal: Refusal): Promise<void> {
    if (this.#failure !== undefined) return;
    const reduced = refusal.kind === "too-large" ? toShortRecord(resourceLogs) : toPlainRecord(resourceLogs);
    const attempt = await this.#attemptUntilDeadline(encodeRequest(reduced, this.#json).bytes);
    if (attempt.kind === "too-large" || attempt.kind === "poison") {
      this.#bury(resourceLogs, attempt);
      return;
    }
    this.#conclude(attempt, 1);
    if (attempt.kind !== "delivered" || attempt.rejected > 0) return;
    this.#notes.add(
      refusal.kind === "too-large"
        ? "a record too large for the destination was delivered cut short"
        : `a record refused with ${refusal.status} was delivered as its body alone`,
    );
  }

  #bury(resourceLogs: readonly ResourceLogs[], { status, message }: Refusal): void {
    for (const { resource, scopeLogs } of resourceLogs) {
      for (const { logRecords } of scopeLogs) {
        for (const record of logRecords) {
          this.#rejected++;
          this.#options.onDeadLetter?.({ resource, record, status, message });
        }
      }
    }
    this.#notes.add(`the destination refused records with ${status}${message === "" ? "" : `: ${message}`}`);
  }
}

function toFailure({ kind, status, message }: Refusal): Failure {
  const detail = `the destination refused the request with ${status}${message === "" ? "" : `: ${message}`}`;
  if (kind === "too-large") return { reason: "too-large", detail };
  return { reason: status === UNSUPPORTED_MEDIA_TYPE ? "unsupported" : "unreadable", detail };
}

async function gzipByStream(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
