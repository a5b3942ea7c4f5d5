// A destination that costs next to nothing, in a process of its own: reads every request to its end, counts, and answers 200.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    const isJson = request.headers["content-type"] === "application/json";
    response.writeHead(200, { "content-type": isJson ? "application/json" : "application/x-protobuf" });
    // An ExportLogsServiceResponse without a partial success is empty in protobuf.
    response.end(isJson ? "{}" : "");
  });
});

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ url: `http://127.0.0.1:${port}/v1/logs` } satisfies ReceiverReady);
});
process.on("disconnect", () => process.exit());

export interface ReceiverReady {
  readonly url: string;
}
