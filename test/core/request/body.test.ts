import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readBody } from "../../../core/request/body.ts";

/** A stream of these chunks that says whether it was cancelled and how many chunks were asked for. */
function streamOf(chunks: Iterable<Uint8Array>) {
  const iterator = chunks[Symbol.iterator]();
  const seen = { cancelled: false, pulled: 0 };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = iterator.next();
        if (done) return controller.close();
        seen.pulled++;
        controller.enqueue(value);
      },
      cancel() {
        seen.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, seen };
}

function* endless(): Generator<Uint8Array> {
  for (;;) yield new Uint8Array(1000);
}

describe("readBody", () => {
  test("reads no body as zero bytes", async () => {
    expect(await readBody(null, null, 10)).toEqual({ ok: true, value: new Uint8Array(0) });
    expect(await readBody(streamOf([]).stream, "0", 10)).toEqual({ ok: true, value: new Uint8Array(0) });
  });

  test("joins the chunks in their order, whatever their sizes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }), async (chunks) => {
        const whole = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
        expect(await readBody(streamOf(chunks).stream, null, 1000)).toEqual({ ok: true, value: whole });
      }),
    );
  });

  test("hands a body of one chunk on without a copy", async () => {
    const chunk = Uint8Array.of(1, 2, 3);
    const result = await readBody(streamOf([chunk]).stream, "3", 10);
    expect(result.ok && result.value.buffer).toBe(chunk.buffer);
  });

  test("accepts exactly the cap and refuses one byte more", async () => {
    expect((await readBody(streamOf([new Uint8Array(6), new Uint8Array(4)]).stream, null, 10)).ok).toBe(true);
    expect(await readBody(streamOf([new Uint8Array(6), new Uint8Array(5)]).stream, null, 10)).toEqual({
      ok: false,
      error: { reason: "too-large", detail: "body over the cap of 10 bytes" },
    });
  });

  test("stops an endless body at the cap and cancels it", async () => {
    const { stream, seen } = streamOf(endless());
    const result = await readBody(stream, null, 10_000);
    expect(!result.ok && result.error.reason).toBe("too-large");
    expect(seen).toEqual({ cancelled: true, pulled: 11 });
  });

  test("answers though the stream never settles its cancellation", async () => {
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(100)),
      cancel: () => new Promise(() => {}),
    });
    const result = await readBody(stream, null, 10);
    expect(!result.ok && result.error.reason).toBe("too-large");
  });

  test("refuses a declared length over the cap before it reads", async () => {
    const { stream, seen } = streamOf(endless());
    const result = await readBody(stream, "10001", 10_000);
    expect(!result.ok && result.error.reason).toBe("too-large");
    expect(seen).toEqual({ cancelled: true, pulled: 0 });
  });

  test("believes the bytes and not a declared length that is too small, odd or empty", async () => {
    for (const declared of ["1", "many", "", "-5"]) {
      expect((await readBody(streamOf([new Uint8Array(10)]).stream, declared, 10)).ok).toBe(true);
      expect((await readBody(streamOf([new Uint8Array(11)]).stream, declared, 10)).ok).toBe(false);
    }
  });

  test("keeps a body of one-byte chunks in a buffer no larger than the cap", async () => {
    const count = 200_000;
    const chunks = Array.from({ length: count }, (_, index) => Uint8Array.of(index & 0xff));
    const result = await readBody(streamOf(chunks).stream, null, count + 1);
    if (!result.ok) throw new Error(result.error.reason);
    expect(result.value.length).toBe(count);
    expect(result.value[70_001]).toBe(70_001 & 0xff);
    expect(result.value.buffer.byteLength).toBeLessThanOrEqual(count + 1);
  });

  test("calls a stream that errors midway unreadable", async () => {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Uint8Array.of(1));
        controller.error(new Error("reset"));
      },
    });
    expect(await readBody(stream, null, 10)).toEqual({ ok: false, error: { reason: "unreadable", detail: "the body broke off" } });
  });

  test("calls the body of a client that hangs up unreadable", async () => {
    const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof readBody>>>();
    const server = createServer((request) => {
      request.once("readable", () => client.destroy());
      resolve(readBody(Readable.toWeb(request) as ReadableStream<Uint8Array>, request.headers["content-length"] ?? null, 1000));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n0123456789");
    const result = await promise;
    expect(!result.ok && result.error.reason).toBe("unreadable");
    server.close();
  });
});
