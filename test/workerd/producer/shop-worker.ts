export default {
  fetch(request: Request): Response {
    console.log("hello from", new URL(request.url).pathname, { orderId: 7 });
    return new Response("ok");
  },
  scheduled(): void {
    console.warn("the clock struck");
  },
};
