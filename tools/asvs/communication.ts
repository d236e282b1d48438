import { type Chapter, met, notApplicable, notMet } from './answer.ts';

/** V12: secure communication. */
export const COMMUNICATION: Chapter = {
  id: 'V12',
  title: 'Secure communication',
  requirements: [
    [
      '12.1.1',
      1,
      'TLS of today',
      met('listeners speak TLS 1.3 alone', 'server/transport', 'listeners speak TLS 1.3 when told to'),
    ],
    [
      '12.1.2',
      2,
      'recommended cipher suites',
      notMet(
        'listeners have those of TLS 1.3 alone; calls to others offer what Node does, of TLS 1.2 suites without authenticated encryption too, since systems of a house may have no others. `sallyport tls probe` names what is weak',
        'server/transport',
        'every endpoint is asked what it speaks, and a weak one is told',
      ),
    ],
    [
      '12.1.3',
      2,
      'certificates of clients are verified before they count',
      met(
        'as a bound of keys',
        'server/client-certificates',
        'a key that is bound to one opens nothing to whoever does not hold it',
        'server/client-certificates',
        'whoever shows none gets no connection where one is required',
      ),
    ],
    [
      '12.2.1',
      1,
      'TLS outwards, without a way back',
      met(
        'for every address but loopback',
        'server/transport',
        'an address that is not loopback needs TLS',
        'server/transport',
        'listeners speak TLS 1.3 when told to',
      ),
    ],
    [
      '12.2.2',
      1,
      'certificates that the public trusts',
      notMet(
        'those who install bring them (`tls.certFile`); those that the installation issues are trusted where its authority is',
        'server/transport',
        'certificates are generated under an authority of its own, renewed without a restart, and wrapped',
      ),
    ],
    [
      '12.3.1',
      2,
      'TLS on all connections',
      notMet(
        'AI systems, collectors and PostgreSQL may be called in the clear where the operator says so; it is told, and fails DAT-04',
        'server/transport',
        'every endpoint is asked what it speaks, and a weak one is told',
      ),
    ],
    [
      '12.3.2',
      2,
      'certificates of servers are verified',
      met(
        'always; no setting turns that off',
        'server/transport',
        'a system whose certificate does not verify is never sent anything',
        'tools/tidy.test.ts',
        'banned calls are absent',
      ),
    ],
    [
      '12.3.3',
      2,
      'TLS between services within',
      notApplicable('one process; commands reach it over a socket that its owner alone may open'),
    ],
    [
      '12.3.4',
      2,
      'certificates of a house are trusted by name',
      met(
        'and certificates of third parties held to what was approved',
        'gateway/reports/outbound-proxy',
        'an authority of the house is trusted where it is named, and nowhere else',
        'server/integrations',
        'another key than was approved is called by nobody, suspends, and needs another approval',
      ),
    ],
  ],
};
