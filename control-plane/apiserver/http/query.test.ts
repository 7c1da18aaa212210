import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StatusError } from '#api/status-error.ts';
import {
  checkDeleteOptions,
  deleteOptionsFrom,
  flag,
  includeObject,
  listParameters,
  writeParameters,
} from './query.ts';

const parse = (text: string) => new URLSearchParams(text);

test.each([
  ['watch', true],
  ['watch=', true],
  ['watch=1', true],
  ['watch=yes', true],
  ['watch=0', false],
  ['watch=False', false],
  ['', false],
])('flag %s', (text, expected) => {
  expect(flag(parse(text), 'watch')).toBe(expected);
});

describe('listParameters', () => {
  test('reads all of them', () => {
    const text = 'labelSelector=a%3Db&limit=5&continue=x&resourceVersion=7&timeoutSeconds=3&allowWatchBookmarks=true';
    expect(listParameters(parse(text), true)).toMatchObject({
      labelSelector: 'a=b',
      limit: 5,
      continue: 'x',
      resourceVersion: '7',
      timeoutSeconds: 3,
      allowWatchBookmarks: true,
    });
  });

  test.each([
    ['limit=abc', 'strconv.ParseInt: parsing "abc": invalid syntax'],
    ['limit=99999999999999999999', 'value out of range'],
    ['resourceVersionMatch=Exact', 'resourceVersionMatch is forbidden unless resourceVersion is provided'],
    ['resourceVersionMatch=No&resourceVersion=1', 'Unsupported value: "No"'],
    ['resourceVersionMatch=Exact&resourceVersion=0', 'is forbidden for resourceVersion "0"'],
    ['sendInitialEvents=true', 'sendInitialEvents is forbidden for list'],
  ])('list refuses %s', (text, message) => {
    expect(() => listParameters(parse(text), false)).toThrow(message);
  });

  test('watch needs NotOlderThan for initial events', () => {
    expect(() => listParameters(parse('sendInitialEvents=true'), true)).toThrow(/NotOlderThan/);
    expect(listParameters(parse('sendInitialEvents=true&resourceVersionMatch=NotOlderThan'), true)).toMatchObject({
      sendInitialEvents: true,
    });
  });

  test('throws nothing but StatusErrors', () => {
    fc.assert(
      fc.property(fc.webQueryParameters(), fc.boolean(), (text, isWatch) => {
        try {
          listParameters(parse(text), isWatch);
        } catch (error) {
          expect(error).toBeInstanceOf(StatusError);
        }
      }),
    );
  });
});

describe('writeParameters', () => {
  test('defaults and values', () => {
    expect(writeParameters(parse(''), 'CreateOptions')).toEqual({ fieldValidation: 'Warn' });
    expect(writeParameters(parse('dryRun=All&fieldManager=me&fieldValidation=Strict'), 'CreateOptions')).toEqual({
      dryRun: true,
      fieldManager: 'me',
      fieldValidation: 'Strict',
    });
  });

  test.each(['dryRun=Some', 'dryRun=', 'fieldValidation=Loose', `fieldManager=${'x'.repeat(129)}`, 'fieldManager=%00'])(
    'refuses %s',
    (text) => {
      expect(() => writeParameters(parse(text), 'CreateOptions')).toThrow(/CreateOptions.meta.k8s.io "" is invalid/);
    },
  );
});

test('delete options', () => {
  expect(deleteOptionsFrom(parse('gracePeriodSeconds=0&propagationPolicy=Orphan&dryRun=All'))).toEqual({
    gracePeriodSeconds: 0,
    propagationPolicy: 'Orphan',
    dryRun: ['All'],
  });
  expect(() => checkDeleteOptions({ propagationPolicy: 'Maybe' })).toThrow(/supported values/);
  expect(() => checkDeleteOptions({ propagationPolicy: 'Orphan', orphanDependents: true })).toThrow(
    /cannot be both set/,
  );
  checkDeleteOptions({ propagationPolicy: 'Foreground', dryRun: ['All'] });
});

test('includeObject', () => {
  expect(includeObject(parse(''))).toBe('Metadata');
  expect(includeObject(parse('includeObject=Object'))).toBe('Object');
  expect(() => includeObject(parse('includeObject=All'))).toThrow(/includeObject/);
});
