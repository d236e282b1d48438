import { FROM_ELSEWHERE, row, type Technique, UNSAFE_LOAD } from './technique.ts';

/** What can be found of programs beside models, of commands, and of objects of other languages. */
export const PROGRAM_TECHNIQUES = {
  program: row(
    'program',
    'review',
    'low',
    'a program or library, of which nothing is known but that it is one',
    ['CWE-829', 'AML.T0010'],
    'know who made it before anything loads it',
  ),
  'disguised-program': row(
    'program',
    'suspicious',
    'high',
    'a program under a name that models have',
    ['CWE-646', 'AML.T0074'],
    FROM_ELSEWHERE,
  ),
  'startup-code': row(
    'program',
    'review',
    'medium',
    'Python or R runs it whenever it starts, where it lies among its packages or in its folder',
    ['CWE-829', 'AML.T0011'],
    'read it before it is installed',
  ),
  'config-code': row(
    'repository',
    'review',
    'low',
    'it holds or names code that its loader runs',
    ['CWE-829', 'AML.T0011'],
    'read that code before it is loaded',
  ),
  installer: row(
    'source',
    'review',
    'low',
    'it runs an installer that it fetches, which can change from one day to the next',
    ['CWE-494'],
    'fetch a release and hold it against its digest',
  ),
  'secrets-sent': row(
    'source',
    'suspicious',
    'critical',
    'it sends secrets, or all variables of its environment, to another machine',
    ['CWE-200', 'CWE-506', 'AML.T0025'],
    'do not run it; where it ran, replace the secrets that it could read',
  ),
  'java-objects': row(
    'program',
    'review',
    'medium',
    'reading it makes objects of Java by the names that it has',
    UNSAFE_LOAD,
    'read it only with a list of classes that may be made (JEP 290)',
  ),
  'java-gadget': row(
    'program',
    'malicious',
    'critical',
    'reading it makes objects of Java that run commands',
    UNSAFE_LOAD,
    'do not read it',
  ),
} as const satisfies Readonly<Record<string, Technique>>;
