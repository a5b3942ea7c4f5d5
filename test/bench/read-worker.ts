// What no tail consumer that delivers can save: the console calls are read, and one request of about the usual size is sent.
interface Item {
  readonly logs: readonly { readonly timestamp: number; readonly level: string; readonly message: readonly unknown[] }[];
}

const BODY_BYTES = 4_000;

export default {
  async tail(items: readonly Item[], env: { readonly OTEL_EXPORTER_OTLP_ENDPOINT: string }): Promise<void> {
    let calls = 0;
    for (const { logs } of items) {
      for (const { timestamp, level, message } of logs) if (timestamp > 0 && level !== "" && message.length > 0) calls++;
    }
    const headers = { "content-type": "application/x-protobuf", "x-calls": String(calls) };
    await fetch(`${env.OTEL_EXPORTER_OTLP_ENDPOINT}v1/logs`, { method: "POST", headers, body: new Uint8Array(BODY_BYTES) });
  },
};
