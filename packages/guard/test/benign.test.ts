import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Inspector } from '../src/index.ts';
import { BENIGN_LANGUAGES, benignRecord, drawnFrom } from './benign-records.ts';

const RECORDS = 20_000;
/** Of a thousand ordinary records, how many may be changed for one kind of personal data. */
const PER_THOUSAND = 1;

const inspector = new Inspector();
/** What would be replaced by default: personal data that is more than noted. */
const changed = (text: string): string[] =>
  inspector
    .inspect({ text, pointer: '', channel: 'output' })
    .filter(({ detector, severity }) => (detector === 'pii' || detector === 'secret') && severity !== 'info')
    .map(({ technique, location }) => `${technique} ${text.slice(location.start, location.end)}`);

describe('ordinary text with numbers', () => {
  it(`${RECORDS} records in ${BENIGN_LANGUAGES.length} languages: no kind is seen in one of a thousand`, (context) => {
    const draw = drawnFrom(2026);
    const hits = new Map<string, string[]>();
    for (let n = 0; n < RECORDS; n++) {
      const text = benignRecord(draw);
      const kinds = new Set(changed(text).map((one) => one.slice(0, one.indexOf(' '))));
      for (const kind of kinds) hits.set(kind, [...(hits.get(kind) ?? []), text]);
    }
    for (const [kind, texts] of hits)
      context.diagnostic(`${kind}: ${((1_000 * texts.length) / RECORDS).toFixed(2)} of 1,000`);
    for (const [kind, texts] of hits)
      assert.ok(texts.length < (PER_THOUSAND * RECORDS) / 1_000, `${kind}: ${texts.slice(0, 5).join('\n')}`);
  });

  for (const text of [
    'I am 34 years old and my son is aged 7.',
    'Bind to 127.0.0.1 or ::1, netmask 255.255.255.0, wildcard 0.0.0.255, any is 0.0.0.0, broadcast 255.255.255.255.',
    'route add 10.0.0.0/8 via 192.168.1.1, resolver 8.8.8.8, network 198.51.100.0/24',
    'git clone git@github.com:org/repo.git && ssh -T git@gitlab.example.org',
    'scp build.tar deploy@web.example.org:/srv/app/ && ssh root@host.example.org',
    'postgres://user:password@localhost/app and user:password@proxy.example.org:3128',
    'Write to support@acme-corp.com, no-reply@acme-corp.com or kundenservice@acme-corp.de.',
    'NATO-Gipfel am 11.07.2024, il vertice NATO del 12.07.2024',
    'lottery 03-12-27-33-41-45, build 2024.1130.1234',
    'a file logo@2x.png and a product a@b.inverse(c)',
    'EAN 4006381333931, order 4500123456789014, parcel 00340434161094042557',
    'Bestellnummer 86095742719, Kundennummer 736028/5163, número de pedido 12345678Z',
    'sin número 046454286, nota fiscal 123456789, nas lojas 046454286',
    'order 241130-4717, 241130/4711, 241130-1234567 and A1234567B',
    'Version 10.0.19.3, `numpy==1.2.3.4`, app-1.2.3.4.tar.gz, registry/app:1.2.3.4',
    'Contact us about contract no. 540-797-5836. Our call for papers ends on 2024-11-30.',
    'numéro de commande 01 42 68 53 00 99, Rechnungsnummer 0171-1234567',
  ])
    it(`leaves alone: ${text}`, () => assert.deepEqual(changed(text), []));

  for (const [text, seen] of [
    ['my SSN is 123-45-6789, in this case', 'us-ssn 123-45-6789'],
    ['order 12 was paid with card 4111111111111111', 'credit-card 4111111111111111'],
    ['order number 5, call 0171 1234567 about it', 'phone 0171 1234567'],
    ['Jane Doe, (415) 555-2671', 'phone (415) 555-2671'],
    ['Jane Doe\nHigh Street 1\n415-555-2671', 'phone 415-555-2671'],
    ['Reach me at 512 345 678 in Warsaw', 'phone 512 345 678'],
    ['Ruf mich an: 01512 3456789', 'phone 01512 3456789'],
    ['Anna, 01 42 68 53 00', 'phone 01 42 68 53 00'],
    ['write to jane.doe@acme-corp.com or jdoe@host.example.org:/home/jdoe', 'email jane.doe@acme-corp.com'],
    ['https://jane@corp.example/', 'email jane@corp.example'],
    ['the server at 203.0.113.7 runs version 2', 'ip-address 203.0.113.7'],
    ['blocked 203.0.113.7 after upgrade to 1.2', 'ip-address 203.0.113.7'],
    ['My DNI is 12345678Z and my order is 99', 'national-id 12345678Z'],
    ['Steuer-ID: 86 095 742 719', 'national-id 86 095 742 719'],
    ['RRN 820701-2409184', 'national-id 820701-2409184'],
    ['bank account number 12345678', 'bank-account 12345678'],
    ['nato il 14/03/1987 a Roma', 'date-of-birth 14/03/1987'],
  ] as const)
    it(`still sees ${seen}`, () => assert.ok(changed(text).includes(seen), changed(text).join('; ')));
});
