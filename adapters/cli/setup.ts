// `otlp-drain setup <platform>`: the table of platforms that can be set up.
import type { Verb } from "./program.ts";
import { setupCloudflareVerb } from "./setup-cloudflare.ts";
import { setupCloudWatchVerb } from "./setup-cloudwatch.ts";
import { setupFirehoseVerb } from "./setup-firehose.ts";
import { setupFlyVerb } from "./setup-fly.ts";
import { setupVercelVerb } from "./setup-vercel.ts";

const PLATFORMS: readonly Verb[] = [setupVercelVerb, setupFlyVerb, setupCloudWatchVerb, setupCloudflareVerb, setupFirehoseVerb];

export const setupVerb: Verb = {
  register(parent, context, act) {
    const setup = parent
      .command("setup")
      .description("make a platform send here: by its API (vercel), or as commands and files to paste")
      .helpCommand("help [platform]", "print help for a platform");
    for (const { register } of PLATFORMS) register(setup, context, act);
  },
};
