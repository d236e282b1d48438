import { FROM_ELSEWHERE, row, type Technique } from './technique.ts';

/** What can be found in graphs of operators. */
export const GRAPH_TECHNIQUES = {
  'graph-file': row(
    'graph',
    'malicious',
    'high',
    'running it reads or writes files',
    ['CWE-73', 'AML.T0018'],
    FROM_ELSEWHERE,
  ),
  'graph-network': row(
    'graph',
    'malicious',
    'high',
    'running it opens connections',
    ['CWE-918', 'AML.T0025'],
    FROM_ELSEWHERE,
  ),
  'python-operator': row(
    'graph',
    'malicious',
    'critical',
    'running it runs Python',
    ['CWE-94', 'AML.T0018'],
    FROM_ELSEWHERE,
  ),
  'graph-from-data': row(
    'graph',
    'suspicious',
    'high',
    'it makes a graph out of data when it runs, whatever that does',
    ['CWE-94', 'AML.T0018'],
    FROM_ELSEWHERE,
  ),
  'custom-operator': row(
    'graph',
    'suspicious',
    'medium',
    'it needs code that is not part of it',
    ['CWE-829', 'AML.T0010'],
    'know the library that brings the operators, or ask for a model without them',
  ),
  'opaque-engine': row(
    'graph',
    'review',
    'medium',
    'nothing in it can be looked into',
    ['CWE-829'],
    'build it yourself from a model that can be scanned',
  ),
  'graph-operator': row(
    'graph',
    'review',
    'low',
    'it has an operator that is not known here, or that reads or prints what it is told',
    ['CWE-829', 'AML.T0010'],
    'know the library that brings the operator, and what it reads',
  ),
} as const satisfies Readonly<Record<string, Technique>>;
