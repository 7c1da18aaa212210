import { type FieldError, fieldDuplicate, fieldInvalid, fieldRequired, fieldTooMany } from '../field-error.ts';
import type { V1EndpointAddress, V1EndpointSlice, V1Endpoints } from '../generated/types.ts';
import {
  all,
  dnsLabel,
  each,
  immutableField,
  optionalName,
  portNumber,
  qualifiedName,
  requiredOneOf,
} from './fields.ts';
import { dnsLabelProblems, dnsSubdomainProblems, ipProblems, labelValueProblems } from './formats.ts';
import { isIP, isIPv4, isIPv6, specialAddressProblem } from './ip.ts';
import { protocols } from './pod/network.ts';

export const validateEndpoints = ({ subsets }: V1Endpoints): FieldError[] =>
  each(subsets, 'subsets', (subset, path) => {
    const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
    const errors: FieldError[] = [];
    if (addresses.length === 0 && notReadyAddresses.length === 0) {
      errors.push(fieldRequired(path, 'must specify `addresses` or `notReadyAddresses`'));
    }
    return [
      ...errors,
      ...each(addresses, `${path}.addresses`, endpointAddress),
      ...each(notReadyAddresses, `${path}.notReadyAddresses`, endpointAddress),
      ...each(ports, `${path}.ports`, (port, at) => [
        ...(port.name ? dnsLabel(port.name, `${at}.name`) : ports.length > 1 ? [fieldRequired(`${at}.name`)] : []),
        ...portNumber(port.port ?? 0, `${at}.port`),
        ...requiredOneOf(port.protocol, `${at}.protocol`, protocols),
        ...(port.appProtocol === undefined ? [] : qualifiedName(port.appProtocol, `${at}.appProtocol`)),
      ]),
    ];
  });

function endpointAddress(address: V1EndpointAddress, field: string): FieldError[] {
  const ip = address.ip ?? '';
  const special = isIP(ip) ? specialAddressProblem(ip) : 'must be a valid IP address';
  return [
    ...all(ipProblems(ip), `${field}.ip`, ip),
    ...(address.hostname ? dnsLabel(address.hostname, `${field}.hostname`) : []),
    ...optionalName(address.nodeName, `${field}.nodeName`),
    ...(special ? [fieldInvalid(`${field}.ip`, ip, special)] : []),
  ];
}

const endpointsMax = 1000;
const addressesMax = 100;
const portsMax = 20_000;

export function validateEndpointSlice(slice: V1EndpointSlice): FieldError[] {
  const { addressType, endpoints = [], ports = [] } = slice;
  const errors = requiredOneOf(addressType, 'addressType', ['FQDN', 'IPv4', 'IPv6']);
  if (endpoints.length > endpointsMax) errors.push(fieldTooMany('endpoints', endpoints.length, endpointsMax));
  const endpointErrors = each(endpoints, 'endpoints', (endpoint, path) => {
    const { addresses = [] } = endpoint;
    const found: FieldError[] = [];
    if (addresses.length === 0) found.push(fieldRequired(`${path}.addresses`, 'must contain at least 1 address'));
    if (addresses.length > addressesMax) found.push(fieldTooMany(`${path}.addresses`, addresses.length, addressesMax));
    return [
      ...found,
      ...each(addresses, `${path}.addresses`, (one, at) => sliceAddress(one, addressType, at)),
      ...optionalName(endpoint.hostname, `${path}.hostname`, dnsLabelProblems),
      ...optionalName(endpoint.nodeName, `${path}.nodeName`),
      ...(endpoint.zone ? all(labelValueProblems(endpoint.zone), `${path}.zone`, endpoint.zone) : []),
    ];
  });
  return [...errors, ...endpointErrors, ...slicePorts(ports)];
}

function sliceAddress(address: string, type: string, field: string): FieldError[] {
  if (type === 'FQDN') return all(dnsSubdomainProblems(address), field, address);
  const fits = type === 'IPv6' ? isIPv6(address) : isIPv4(address);
  if (!fits) return [fieldInvalid(field, address, `must be a valid ${type} address`)];
  const special = specialAddressProblem(address);
  return special ? [fieldInvalid(field, address, special)] : [];
}

function slicePorts(ports: NonNullable<V1EndpointSlice['ports']>): FieldError[] {
  const names = new Set<string>();
  const errors = ports.length > portsMax ? [fieldTooMany('ports', ports.length, portsMax)] : [];
  const portErrors = each(ports, 'ports', (port, path) => {
    const name = port.name ?? '';
    const found = name ? dnsLabel(name, `${path}.name`) : [];
    if (names.has(name)) found.push(fieldDuplicate(`${path}.name`, name));
    names.add(name);
    return [
      ...found,
      ...requiredOneOf(port.protocol, `${path}.protocol`, protocols),
      ...(port.port === undefined ? [] : portNumber(port.port, `${path}.port`)),
      ...(port.appProtocol === undefined ? [] : qualifiedName(port.appProtocol, `${path}.appProtocol`)),
    ];
  });
  return [...errors, ...portErrors];
}

export const validateEndpointSliceUpdate = (slice: V1EndpointSlice, old: V1EndpointSlice): FieldError[] =>
  immutableField(slice.addressType, old.addressType, 'addressType');
