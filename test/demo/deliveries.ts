// One delivery of every platform whose drain is mounted, as `otlp-drain send` makes it.
import { SENDERS, type Sender } from "../../adapters/cli/deliveries.ts";
import { HTTP_DRAINS } from "../../adapters/http.ts";

export interface DemoDelivery {
  readonly platform: string;
  /** Of its drain. */
  readonly path: string;
  /** How it travels, for the table. */
  readonly wire: string;
  /** Records that must arrive. */
  readonly records: number;
  /** Sends it to the server at `base`; returns how it was answered. */
  send(base: string): Promise<string>;
}

/** One for each drain, long enough for every platform. */
export const DEMO_SECRETS: Readonly<Record<string, string>> = Object.fromEntries(
  SENDERS.map(({ name, secretVariable }) => [secretVariable, `a_demo_secret_of_the_${name}_drain_that_is_long_enough`]),
);

export const DEMO_DELIVERIES: readonly DemoDelivery[] = SENDERS.filter(({ path }) =>
  HTTP_DRAINS.some(({ paths }) => paths.includes(path)),
).map(toDelivery);

function toDelivery(sender: Sender): DemoDelivery {
  const { platform, wire, path, secretVariable, compression } = sender;
  const nowMs = Date.now();
  const { payload, records } = sender.sample(nowMs, 0);
  return {
    platform,
    path,
    wire,
    records,
    async send(base) {
      const delivery = sender.deliver(payload, DEMO_SECRETS[secretVariable], { nowMs, compression });
      const response = await fetch(`${base}${path}`, { method: "POST", headers: { ...delivery.headers }, body: delivery.body });
      const body = new Uint8Array(await response.arrayBuffer());
      const { status } = response;
      const objection = sender.objection({ status, contentType: response.headers.get("content-type"), body }, delivery);
      return objection === undefined ? String(status) : `${status} (${objection})`;
    },
  };
}
