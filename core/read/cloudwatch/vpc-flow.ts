// VPC flow log records in their default format (version 2, 14 fields). A custom format is known to the EC2 API alone, so its
// records stay text. https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
import { pushAttribute } from "../attributes.ts";
import { readUnixNano } from "../time.ts";
import { type Reading, toIntegerValue } from "./reading.ts";

const FIELD_COUNT = 14;
/** A record holds two addresses and twelve short words. */
const MAX_RECORD_LENGTH = 512;
/** What stands for no value: in NODATA and SKIPDATA records. */
const ABSENT = "-";

/** https://www.iana.org/assignments/protocol-numbers: those that cross a VPC; any other keeps its number. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  "0": "hopopt",
  "1": "icmp",
  "2": "igmp",
  "4": "ipv4",
  "6": "tcp",
  "17": "udp",
  "41": "ipv6",
  "47": "gre",
  "50": "esp",
  "51": "ah",
  "58": "ipv6-icmp",
  "89": "ospf",
  "103": "pim",
  "112": "vrrp",
  "115": "l2tp",
  "132": "sctp",
};

/** @returns whether the line is a record; the attribute names are the Collector's */
export function readVpcFlow(reading: Reading, text: string): boolean {
  if (!text.startsWith("2 ") || text.length > MAX_RECORD_LENGTH) return false;
  const fields = text.trimEnd().split(" ");
  const [version, account = "", networkInterface = "", source, destination, sourcePort, destinationPort, protocol = ""] = fields;
  const [packets, bytes, start, end, action, status] = fields.slice(8);
  if (fields.length !== FIELD_COUNT || !/^(?:\d{12}|unknown)$/.test(account) || !networkInterface.startsWith("eni-")) return false;
  if (status !== "OK" && status !== "NODATA" && status !== "SKIPDATA") return false;
  const { attributes } = reading;
  const put = (key: string, value: unknown) => {
    if (value !== ABSENT) pushAttribute(attributes, key, value);
  };
  put("aws.vpc.flow.log.version", toIntegerValue(version));
  put("network.interface.name", networkInterface);
  put("source.address", source);
  put("destination.address", destination);
  put("source.port", toIntegerValue(sourcePort));
  put("destination.port", toIntegerValue(destinationPort));
  put("network.protocol.name", Object.hasOwn(PROTOCOLS, protocol) ? PROTOCOLS[protocol] : protocol);
  put("aws.vpc.flow.packets", toIntegerValue(packets));
  put("aws.vpc.flow.bytes", toIntegerValue(bytes));
  put("aws.vpc.flow.start", toIntegerValue(start));
  put("aws.vpc.flow.action", action);
  put("aws.vpc.flow.status", status);
  reading.timeUnixNano = readUnixNano(end);
  if (account !== "unknown") reading.hint = { subject: { accountId: account, region: undefined } };
  reading.body = text.trimEnd();
  return true;
}
