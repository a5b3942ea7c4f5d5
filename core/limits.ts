// Every cap, with its unit and its reason. Configurable ones are defaults, overridden through `core/config.ts`.

/** Received body. Vector's default batch is 10 MB before framing; Vercel publishes no cap. */
export const MAX_BODY_BYTES = 20 * 1024 * 1024;
/** Body after inflating: Firehose sends up to 64 MiB. A gzip bomb stops here. */
export const MAX_DECODED_BYTES = 64 * 1024 * 1024;
/**
 * Payload bytes decoded into one batch. Small on purpose: what was parsed is encoded and garbage before the collector has
 * to copy it (64 KiB converts a quarter faster than 1 MiB).
 */
export const MAX_BATCH_BYTES = 64 * 1024;
/** Encoded bytes at which batches joined to one export request are sent: keeps memory flat. With the last batch a request fits into 1 MiB. */
export const TARGET_REQUEST_BYTES = 896 * 1024;
/** Encoded export request before compression: collectors refuse more than 20 MiB. */
export const MAX_REQUEST_BYTES = 20 * 1024 * 1024;
/** Nesting of a value: deeper JSON is cut here, long before any stack is at risk. */
export const MAX_VALUE_DEPTH = 64;
/** Members of one map, elements of one array. */
export const MAX_VALUE_MEMBERS = 1024;
/** Attributes of one record; the rest is counted in `droppedAttributesCount`. */
export const MAX_ATTRIBUTES = 1024;
/** One string value in UTF-16 units: Vercel messages reach 256 KB, CloudWatch events 1 MB. */
export const MAX_STRING_LENGTH = 1024 * 1024;
/** An attribute key in UTF-16 units. */
export const MAX_KEY_LENGTH = 512;
/** A severity text; a level of megabytes is no level. */
export const MAX_SEVERITY_TEXT_LENGTH = 64;
/** Destination answers are read for a status message only. */
export const MAX_RESPONSE_BYTES = 64 * 1024;
/** How much of a text line is searched for a level prefix, in UTF-16 units. */
export const MAX_PREFIX_LENGTH = 512;
/** `Retry-After` that we answer, in seconds. */
export const MIN_RETRY_AFTER_S = 1;
export const MAX_RETRY_AFTER_S = 30;
/** Deliveries under way at once in one process: each may hold a decoded body. */
export const MAX_CONCURRENT_DELIVERIES = 64;
