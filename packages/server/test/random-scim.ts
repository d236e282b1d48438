import fc from 'fast-check';

/** Stands for the id of a user that is there when the request is made. */
export const SOME_USER = '@a user';

const name = fc.constantFrom('ann', 'Ben', 'approvers', 'operators', '', 'é\u0000', 'x'.repeat(300));
const value = fc.oneof(
  fc.constantFrom<unknown>(true, false, 'True', 'false', null, SOME_USER, 'none', [{ value: SOME_USER }]),
  fc.jsonValue({ maxDepth: 2 }),
);
const user = fc.record(
  {
    userName: name,
    displayName: name,
    externalId: fc.constantFrom('e1', 'e2', ''),
    active: fc.constantFrom<unknown>(true, false, 'False', 7),
    emails: fc.array(fc.record({ value: fc.constantFrom('a@mail.example', ''), primary: fc.boolean() }), {
      maxLength: 2,
    }),
  },
  { requiredKeys: ['userName'], noNullPrototype: true },
);
const group = fc.record(
  {
    displayName: name,
    externalId: fc.constantFrom('g1', ''),
    members: fc.array(fc.record({ value: fc.constantFrom(SOME_USER, 'none', '') }), { maxLength: 3 }),
  },
  { requiredKeys: ['displayName'], noNullPrototype: true },
);
const patch = fc.record({
  schemas: fc.constant(['urn:ietf:params:scim:api:messages:2.0:PatchOp']),
  Operations: fc.array(
    fc.record(
      {
        op: fc.constantFrom('add', 'Replace', 'remove', 'move'),
        path: fc.constantFrom(
          ...['active', 'displayName', 'userName', 'members', 'externalId', 'emails[type eq "work"].value'],
          ...[`members[value eq "${SOME_USER}"]`, 'members[', 'name.givenName', ''],
        ),
        value,
      },
      { requiredKeys: ['op'], noNullPrototype: true },
    ),
    { maxLength: 3 },
  ),
});

/** Bodies of SCIM, most as a provider sends them (RFC 7644, section 3.5): its schema in the OpenAPI document says nothing of them. */
export const scimBodies = (path: string, method: string): fc.Arbitrary<unknown> =>
  method === 'PATCH' ? patch : path.includes('/Groups') ? group : user;
