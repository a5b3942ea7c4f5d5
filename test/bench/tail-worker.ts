// Our tail consumer without the HTTP drains, for its size.
import { tail } from "../../adapters/cloudflare/tail.ts";

export default { tail };
