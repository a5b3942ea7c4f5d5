// The real HTTP app behind https on loopback, as a public drain looks from outside.
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { createConfiguredDrain } from "../../../../adapters/configured.ts";
import { createHttpApp } from "../../../../adapters/http.ts";
import { readConfig } from "../../../../core/config.ts";
import type { Exporter } from "../../../../core/export/exporter.ts";
import { countRecords } from "../../../../core/otlp/model.ts";
import type { TestCertificate } from "./certificate.ts";

export interface HttpsDrain {
  /** `https://localhost:port` */
  readonly url: string;
  /** Records handed to the destination so far. */
  readonly records: () => number;
  close(): Promise<void>;
}

export async function startHttpsDrain(env: Readonly<Record<string, string>>, { key, cert }: TestCertificate): Promise<HttpsDrain> {
  const config = readConfig(env);
  if (!config.ok) throw new Error(config.error.map(({ message }) => message).join("\n"));
  let records = 0;
  const exporter: Exporter = {
    async export(batches) {
      let delivered = 0;
      for (const batch of batches) delivered += countRecords(batch);
      records += delivered;
      return { ok: true, value: { delivered, rejected: 0, notes: [] } };
    },
  };
  const drain = createConfiguredDrain(config.value, exporter, { now: Date.now });
  const app = createHttpApp({ config: config.value, drain, report: () => {} });
  const server = createServer({ key, cert }, getRequestListener(app.fetch));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://localhost:${port}`,
    records: () => records,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
