/** The two messages of grpc.health.v1, each of one field, on the wire. */

/** `message HealthCheckRequest { string service = 1; }` */
export function encodeHealthRequest(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  if (name.length === 0) return Buffer.alloc(0);
  return Buffer.concat([Buffer.from([0x0a]), varint(name.length), name]);
}

const statuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** `message HealthCheckResponse { ServingStatus status = 1; }` */
export function decodeHealthResponse(bytes: Buffer): string {
  return bytes[0] === 0x08 ? (statuses[bytes[1] ?? 0] ?? 'UNKNOWN') : 'UNKNOWN';
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Buffer.from([...bytes, rest]);
}
