import { vercel } from "../../core/sources/vercel.ts";
import { describeSourceConformance } from "./conformance.ts";
describeSourceConformance({ source: vercel, payloadOf: (b) => b, fixturesRoot: "/tmp/fx" , consumed: { schema: "scope" }});
