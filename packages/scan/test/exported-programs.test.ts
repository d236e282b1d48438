import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';

/** A program as torch exports it, with one part of its own. */
function program(part: {
  expression?: string;
  guard?: string;
  target?: string;
  layout?: unknown;
}): Promise<string> {
  const { expression = 's77', guard, target = 'torch.ops.aten.add.Tensor', layout = null } = part;
  const size = { as_expr: { expr_str: expression, hint: { as_int: 4 } } };
  const root = {
    graph_module: {
      graph: {
        inputs: [{ as_tensor: { name: 'x' } }],
        nodes: [{ target, inputs: [], outputs: [], metadata: { torch_fn: 'add_1;method_descriptor.add' } }],
        tensor_values: { x: { dtype: 7, sizes: [size, { as_int: 3 }] } },
      },
      module_call_graph: [
        {
          fqn: '',
          signature: {
            in_spec: JSON.stringify([
              1,
              { type: 'builtins.tuple', context: 'null', children_spec: [layout] },
            ]),
            out_spec: '[1, {"type": null, "context": null, "children_spec": []}]',
          },
        },
      ],
    },
    opset_version: { aten: 10 },
    range_constraints: { s77: { min_val: 2, max_val: 64 } },
    guards_code: guard === undefined ? [] : [guard],
  };
  const bytes = new BytesSource(Buffer.from(JSON.stringify(root)));
  return scanSource('model.json', bytes).then(({ verdict }) => verdict);
}

it('an exported program evaluates its expressions of sizes: only arithmetic is clean', async () => {
  for (const expression of [
    's77',
    '2*s0 + 1',
    'FloorDiv(s0, 2) - 1',
    'Max(1, 3*s1**2)/4.5e-3',
    '(s0//2)',
    'Eq(Mod(s0*s1, 8), 0) & (s0 < 64)',
    '~(Ne(u0, 1))',
    'Piecewise((1, s0 > 2), (0, True))',
    'TruncToInt(IntTrueDiv(s0, 2)*1.0)',
    'OpaqueUnaryFn_sqrt(ToFloat(s0))',
    '-int_oo',
    "Symbol('s77', positive=True, integer=True)",
    "Add(Mul(Integer(2), Symbol('s0', positive=True, integer=True)), Rational(-1, 2))",
    "Mul(Float('1.5e-3', precision=53), Dummy('u0', dummy_index=4))",
    "StrictGreaterThan(FloorDiv(Symbol('s0', integer=True), Integer(2)), Integer(4))",
  ])
    assert.equal(await program({ expression }), 'clean', expression);
  for (const expression of [
    "__import__('os').system('x') or s77",
    'exec(input())',
    '(input)()',
    's0.func',
    's0 .__class__',
    '[s0][0]',
    '"a"',
    '𝐞xec(s0)',
    'open(s0)',
    's0 # 1',
    "Symbol('a\\x27') + sympify('1')",
    "Symbol('a').func",
    "eval(Symbol('a'))",
    "Str('os.system')",
  ])
    assert.equal(await program({ expression }), 'malicious', expression);
  for (const expression of ['Later(s0, 2)', 's0 if s1 else s2', `s0${'+1'.repeat(40_000)}`])
    assert.equal(await program({ expression }), 'suspicious', expression.slice(0, 40));
});

it('and runs its guards, looks up its operators and imports the types in its layouts', async () => {
  for (const guard of [
    "L['x'].size()[0] == 3",
    "L['args'][0].size()[1] <= 2*L['kwargs']['b'].stride()[0] and not (L['n'] == 2)",
    "Eq(Mod(L['x'].size()[0], 8), 0)",
    "math.floor(torch.sym_float(L['x'].storage_offset()) / 2) >= 1",
  ])
    assert.equal(await program({ guard }), 'clean', guard);
  for (const guard of [
    'torch.hub.os.system("x")',
    "L['x'].size()[0] == 3)\n  __import__('os').system('x'",
    "L['x'].read() == 1",
    'math.__loader__',
  ])
    assert.equal(await program({ guard }), 'malicious', guard);
  for (const target of [
    'torch.ops.aten.__and__.Tensor',
    '_operator.mul',
    'math.ceil',
    'torch.sym_max',
    'add',
  ])
    assert.equal(await program({ target }), 'clean', target);
  for (const target of ['torch.hub.os.system', 'torch.serialization.pickle.loads', 'torch.nn.__class__.mro'])
    assert.equal(await program({ target }), 'malicious', target);
  const factory = (module: string, name: string): unknown => ({
    type: 'collections.defaultdict',
    context: { default_factory_module: module, default_factory_name: name, dict_context: '[]' },
    children_spec: [],
  });
  const choice = (fqn: string): unknown => ({
    type: 'builtins.dict',
    context: JSON.stringify([{ __enum__: true, fqn, name: 'A' }]),
    children_spec: [],
  });
  assert.equal(await program({ layout: factory('builtins', 'list') }), 'clean');
  assert.equal(await program({ layout: factory('os', 'abort') }), 'malicious');
  assert.equal(await program({ layout: choice('torch._C:Kind') }), 'clean');
  assert.equal(await program({ layout: choice('subprocess:Popen') }), 'malicious');
  assert.equal(await program({ layout: choice('evil.mod:Kind') }), 'suspicious');
});
