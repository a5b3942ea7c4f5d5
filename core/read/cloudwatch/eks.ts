// The EKS control plane's audit log: one record for each request to the Kubernetes API. Its other components write klog or
// logfmt lines, which the shared readers know. https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
import { isObject } from "../broken.ts";
import { readUnixNano } from "../time.ts";
import { type Fields, putMapped, type Reading } from "./reading.ts";

/** `level` is how much the audit policy keeps of a request (`Metadata`, `Request`, ...): no severity. */
const MEMBERS: Readonly<Record<string, string>> = {
  user: "",
  responseStatus: "",
  userAgent: "user_agent.original",
  requestURI: "k8s.audit.request_uri",
  auditID: "k8s.audit.id",
  sourceIPs: "k8s.audit.source_ips",
};
const USER: Readonly<Record<string, string>> = { username: "user.name", uid: "user.id", groups: "user.roles" };
const RESPONSE: Readonly<Record<string, string>> = { code: "http.response.status_code" };

export function isAuditObject({ kind, apiVersion, auditID }: Fields): boolean {
  return kind === "Event" && typeof apiVersion === "string" && apiVersion.startsWith("audit.k8s.io/") && auditID !== undefined;
}

export function readAuditObject(reading: Reading, object: Fields, text: string): void {
  const { user, responseStatus, stageTimestamp } = object;
  const table: Record<string, string> = { ...MEMBERS };
  if (!isObject(user)) table["user"] = "k8s.audit.user";
  if (!isObject(responseStatus)) table["responseStatus"] = "k8s.audit.response_status";
  reading.timeUnixNano = readUnixNano(stageTimestamp) ?? readUnixNano(object["requestReceivedTimestamp"]);
  putMapped(reading, object, table, "k8s.audit");
  if (isObject(user)) putMapped(reading, user, USER, "k8s.audit.user");
  if (isObject(responseStatus)) putMapped(reading, responseStatus, RESPONSE, "k8s.audit.response_status");
  reading.body = text.trimEnd();
}
