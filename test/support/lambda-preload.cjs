// The native half of AWS's Lambda runtime client (`rapid-client.node`), which needs a compiler, in JavaScript: three calls of the Runtime API
// over HTTP. Loaded before the client with `node --require`; everything else of the client is AWS's own.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
const http = require("node:http");
const Module = require("node:module");

const BASE = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
/** As the native client's, `done` and `error` return at once; the next invocation waits until they have arrived. */
let posting = Promise.resolve();

function call(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(`${BASE}/${path}`, { method, headers }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, bodyJson: Buffer.concat(chunks).toString() }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

const client = {
  async next() {
    await posting;
    return await call("GET", "next");
  },
  done(id, body) {
    posting = call("POST", `${id}/response`, body);
  },
  error(id, body) {
    const { errorType } = JSON.parse(body);
    posting = call("POST", `${id}/error`, body, { "lambda-runtime-function-error-type": errorType });
  },
};

const load = Module._load;
Module._load = function (request, ...others) {
  return request.endsWith("rapid-client.node") ? client : load.call(this, request, ...others);
};
