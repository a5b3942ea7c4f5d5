// The version that scopes and the User-Agent carry; a test holds it equal to package.json.
export const VERSION = "0.1.0";
