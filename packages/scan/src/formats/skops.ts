import { tableOf } from '@sallyport/core';
import type { Inspection } from '../inspection.ts';
import { dangerOf } from '../pickle/danger.ts';
import { type Json, objectsIn } from '../text/json.ts';
import { printable } from '../text/printable.ts';
import { leadsOut } from './harmful-names.ts';

/** Loaders of skops (`skops/io/_dispatch.py`) that call or reach into what they are given. */
const ACTING = /^(?:MethodNode|OperatorFuncNode|PartialNode|ReduceNode|FunctionNode|TypeNode)$/;
/** A type that a node of this kind makes, whatever it says its type is. */
const FIXED: Readonly<Record<string, RegExp>> = tableOf({
  OperatorFuncNode: /^(?:_?operator)\.(?:attrgetter|itemgetter|methodcaller)$/,
  DictNode: /^(?:builtins|collections)\./,
  ListNode: /^builtins\./,
  TupleNode: /^/,
  JsonNode: /^/,
});

/** The schema of a skops file: types it makes, and functions it calls. */
export function inspectSkops(inspection: Inspection, root: Json): void {
  for (const { object, pointer } of objectsIn(root)) {
    const { __class__: name, __module__: module, __loader__: loader } = object;
    if (typeof name !== 'string' || typeof module !== 'string') continue;
    const place = { pointer };
    const full = `${module}.${name}`;
    const kind = typeof loader === 'string' ? loader : '';
    if (inspection.allowed.lookup(module, name) && !(kind in FIXED && !FIXED[kind]!.test(full))) {
      if (kind === 'MethodNode')
        inspection.report('config-target', `binds a method of \`${printable(full)}\``, place);
      continue;
    }
    if (dangerOf(module, name) || leadsOut(full))
      inspection.report('config-execution', `makes \`${printable(full)}\``, place);
    else if (
      ACTING.test(kind) ||
      !/^(?:sklearn|numpy|scipy|builtins|pandas|xgboost|lightgbm|quantile_forest)(?:\.|$)/.test(module) ||
      (kind in FIXED && !FIXED[kind]!.test(full))
    )
      inspection.report(
        'config-target',
        `makes \`${printable(full)}\`, which is not known to be harmless`,
        place,
      );
  }
}
