// What serverless.yml takes from the environment of whoever deploys: the variables of the functions, and the subscribed log groups.
// CommonJS, because the packager loads it so.

/** Lambda sets these itself, or they are the local server's. */
const NOT_PASSED = /^(?:AWS_.*|FLY_APP_NAME|HOST|PORT)$/;
const EXCLUDED = "OTLP_DRAIN_EXCLUDE_LOG_GROUPS";

/**
 * @returns every variable of the configuration that is set here. What the functions themselves log is left out: in an outage each line of
 * theirs would become one more batch that cannot be delivered
 */
async function environment({ resolveVariable }) {
  const { VARIABLES, readConfig } = await load();
  const set = VARIABLES.map(({ name }) => name).filter((name) => process.env[name] && !NOT_PASSED.test(name));
  const variables = Object.fromEntries(set.map((name) => [name, process.env[name]]));
  const config = readConfig(variables);
  if (!config.ok) throw fault(config.error.map(({ message }) => message).join("\n"));
  if (config.value.otlp.endpoint === undefined) throw fault("OTEL_EXPORTER_OTLP_ENDPOINT is not set");
  const own = `/aws/lambda/${await resolveVariable("self:service")}-${await resolveVariable("sls:stage")}-*`;
  return { ...variables, [EXCLUDED]: [variables[EXCLUDED], own].filter((globs) => globs !== undefined).join(",") };
}

/** The table of variables has one place; a build has to be there anyway. */
async function load() {
  try {
    return await import("../../dist/core/config.js");
  } catch {
    throw fault("nothing is built yet: npm run build");
  }
}

/** The packager shows the stack where there is one. */
function fault(message) {
  const error = new Error(message);
  error.stack = "";
  return error;
}

/** @returns a subscription for each log group of OTLP_DRAIN_LOG_GROUPS, separated by commas; none is fine, others can follow later */
function subscriptions() {
  const groups = (process.env["OTLP_DRAIN_LOG_GROUPS"] ?? "").split(/[\s,]+/).filter((group) => group !== "");
  return [...new Set(groups)].map((logGroup) => ({ cloudwatchLog: { logGroup, filter: "" } }));
}

module.exports = { environment, subscriptions };
