// The least that a function can be: what the runtime alone costs.
export const handler = async (_event: unknown): Promise<undefined> => undefined;
