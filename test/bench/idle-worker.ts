// A tail consumer that looks at nothing: what the runtime and the producer cost without any.
export default {
  tail(): void {},
};
