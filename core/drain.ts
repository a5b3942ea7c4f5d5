// The spine that every adapter calls: decode -> enrich -> shape -> export. It answers with a receipt only when the
// destination has answered for every record.
import { createEnrichment, type Enrichment } from "./enrich.ts";
import { type Exporter, internalError } from "./export/exporter.ts";
import { countRecords, type ResourceLogs } from "./otlp/model.ts";
import { type OtlpRequest, stampOtlpRequest } from "./otlp/pass-through.ts";
import type { Failure, Result, Source } from "./source.ts";

export interface DrainOptions {
  readonly exporter: Exporter;
  /** What the configuration adds to every resource. */
  readonly enrichment?: Enrichment | undefined;
  /** `service.name` for payloads that name none. */
  readonly defaultServiceName?: string | undefined;
  /** What one kind of destination needs in another form; see `core/export/highlight.ts`. */
  readonly shape?: Shape | undefined;
  /** ms since the Unix epoch: `Date.now`. */
  readonly now: () => number;
}

/** Turns records into the form that one kind of destination reads best. Made anew for every delivery. */
export type Shape = () => (resourceLogs: readonly ResourceLogs[]) => readonly ResourceLogs[];

export interface DeliveryOptions {
  /** How long the sender waits, ms: the answer is there before. */
  readonly budgetMs: number;
  /** What the authenticated request adds to every resource. Its names win over the configured ones. */
  readonly enrichment?: Enrichment | undefined;
}

/** What became of a payload. `delivered + rejected` records came out of it. */
export interface Receipt {
  readonly delivered: number;
  /** Refused by the destination for good. */
  readonly rejected: number;
  /** Delivered as raw records, because they could not be decoded. */
  readonly malformed: number;
  /** Skipped on purpose. */
  readonly filtered: number;
  /** For the operator. Never payload. */
  readonly notes: readonly string[];
}

export interface Drain {
  /** Never rejects. A failure means that some records may not have arrived: the sender must send again, or be told why not. */
  deliver<Payload>(source: Source<Payload>, payload: Payload, options: DeliveryOptions): Promise<Result<Receipt, Failure>>;
  /**
   * Hands an OTLP request of any signal on as it came, but for what is added to its resources. Never rejects. Absent where the way out
   * takes records alone: logs are decoded and delivered then, and other signals have no way.
   */
  readonly forward?: ((request: OtlpRequest, options: DeliveryOptions) => Promise<Result<Receipt, Failure>>) | undefined;
}

export function createDrain(options: DrainOptions): Drain {
  const { forward } = options.exporter;
  return {
    async deliver(source, payload, deliveryOptions) {
      try {
        return await deliverPayload(options, source, payload, deliveryOptions);
      } catch (error) {
        return { ok: false, error: internalError(error) };
      }
    },
    forward:
      forward &&
      (async (request, deliveryOptions) => {
        try {
          return await forwardRequest(options, forward, request, deliveryOptions);
        } catch (error) {
          return { ok: false, error: internalError(error) };
        }
      }),
  };
}

async function forwardRequest(
  options: DrainOptions,
  forward: NonNullable<Exporter["forward"]>,
  request: OtlpRequest,
  { budgetMs, enrichment }: DeliveryOptions,
): Promise<Result<Receipt, Failure>> {
  const deadlineMs = options.now() + budgetMs;
  const { stamp, headers } = createEnrichment(enrichment, options.enrichment);
  const { defaultServiceName } = options;
  const service = defaultServiceName === undefined ? [] : [{ key: "service.name", value: defaultServiceName }];
  const stamped = stampOtlpRequest(request, { winning: stamp.winning, filling: [...stamp.filling, ...service] });
  if (!stamped.ok) return stamped;
  const exported = await forward(stamped.value, { deadlineMs, headers });
  return exported.ok ? { ok: true, value: { ...exported.value, malformed: 0, filtered: 0 } } : exported;
}

async function deliverPayload<Payload>(
  options: DrainOptions,
  source: Source<Payload>,
  payload: Payload,
  { budgetMs, enrichment }: DeliveryOptions,
): Promise<Result<Receipt, Failure>> {
  const startMs = options.now();
  const context = {
    observedTimeUnixNano: BigInt(Math.trunc(startMs)) * 1_000_000n,
    defaultServiceName: options.defaultServiceName,
  };
  const decoded = source.decode(payload, context);
  if (!decoded.ok) return decoded;
  const enrich = createEnrichment(enrichment, options.enrichment);
  const shape = options.shape?.();
  let malformed = 0;
  let filtered = 0;
  const notes = new Set<string>();
  function* batches(): Generator<readonly ResourceLogs[], void, undefined> {
    for (const batch of decoded.ok ? decoded.value.batches : []) {
      malformed += batch.malformed;
      filtered += batch.filtered;
      for (const note of batch.notes ?? []) notes.add(note);
      if (countRecords(batch.resourceLogs) === 0) continue;
      const enriched = enrich.resourceLogs(batch.resourceLogs);
      yield shape === undefined ? enriched : shape(enriched);
    }
  }
  const exported = await options.exporter.export(batches(), { deadlineMs: startMs + budgetMs, headers: enrich.headers });
  if (!exported.ok) return exported;
  const { delivered, rejected } = exported.value;
  for (const note of exported.value.notes) notes.add(note);
  return { ok: true, value: { delivered, rejected, malformed, filtered, notes: [...notes] } };
}
