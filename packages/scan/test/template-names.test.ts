import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';

const verdictOf = async (template: string): Promise<string> =>
  (await scanSource('chat_template.jinja', new BytesSource(Buffer.from(template)))).verdict;

describe('names that a template puts together', () => {
  it('are followed over its statements', async () => {
    const evil: Record<string, string> = {
      'two sets': "{% set a = '__cla' %}{% set b = 'ss__' %}{{ ''[a ~ b] }}",
      'a set of sets': "{% set a = '__cla' %}{% set b = a ~ 'ss__' %}{{ ''[b] }}",
      plus: "{% set a = '__cla' %}{{ ''[a + 'ss__'] }}",
      'a join': "{% set a = ['_', '_', 'class', '_', '_'] %}{{ ''[a | join] }}",
      'a method': "{% set a = '' %}{{ ''[a.join(['__cla', 'ss__'])] }}",
      'a replacement': "{% set a = '..class..' %}{{ ''[a | replace('.', '_')] }}",
      'a text turned round': "{% set a = '__ssalc__' %}{{ ''[a | reverse] }}",
      'a slice turned round': "{% set a = '__ssalc__' %}{{ ''[a[::-1]] }}",
      'a slice': "{% set a = 'xx__class__yy' %}{{ ''[a[2:-2]] }}",
      'other letters': "{% set a = '__CLASS__' %}{{ ''[a | lower] }}",
      'a form': "{% set a = '%s%s' %}{{ ''[a % ('__cla', 'ss__')] }}",
      characters: "{% set a = '%c%cclass%c%c' | format(95, 95, 95, 95) %}{{ ''[a] }}",
      braces: "{% set a = '{}{}'.format('__cla', 'ss__') %}{{ ''[a] }}",
      'a form that reaches': "{% set a = '{0.__cla' ~ 'ss__}' %}{{ a.format('') }}",
      'a macro': "{% macro u() %}__{% endmacro %}{{ ''[u() ~ 'class' ~ u()] }}",
      'a macro with a parameter': "{% macro w(x) %}__{{ x }}__{% endmacro %}{{ ''[w('class')] }}",
      'a loop':
        "{% set n = namespace(x='') %}{% for c in ['__', 'class', '__'] %}{% set n.x = n.x ~ c %}{% endfor %}{{ ''[n.x] }}",
      'a captured text': "{% set a %}__cla{% endset %}{% set b %}ss__{% endset %}{{ ''[a ~ b] }}",
      'a condition': "{% set a = 'x' %}{% if messages %}{% set a = '__class__'[0:] %}{% endif %}{{ ''[a] }}",
      'a choice': "{{ ''[('__cla' if messages else '') ~ 'ss__'] }}",
      'a list that grows':
        "{% set xs = [] %}{% set _ = xs.append('__cla') %}{% set _ = xs.append('ss__') %}{{ ''[xs | join('')] }}",
      'a dictionary': "{% set d = {'a': '__cla', 'b': 'ss__'} %}{{ ''[d.a ~ d['b']] }}",
      'an attribute of many': "{% set a = '__cla' ~ 'ss__' %}{{ messages | map(attribute=a) | list }}",
      'a with': "{% with a = '__cla' %}{{ ''[a ~ 'ss__'] }}{% endwith %}",
    };
    for (const [what, template] of Object.entries(evil))
      assert.equal(await verdictOf(template), 'malicious', what);
  });

  it('are suspicious where they are not known', async () => {
    const hidden: Record<string, string> = {
      'with what is said': "{% set a = '_' ~ messages[0].role %}{{ tools[a] }}",
      'from what Jinja brings': '{% set a = namespace | string %}{{ tools[a[1:4]] }}',
      'in a loop of unknown length':
        "{% set n = namespace(x='') %}{% for m in messages %}{% set n.x = n.x ~ 'a' %}{% endfor %}{{ tools[n.x] }}",
      'by a method that is not followed': "{{ tools['x'.translate({})] }}",
    };
    for (const [what, template] of Object.entries(hidden))
      assert.equal(await verdictOf(template), 'suspicious', what);
  });

  it('are none in what templates do every day', async () => {
    const plain = [
      "{% set roles = {'user': 'U', 'assistant': 'A'} %}{% for m in messages %}{{ roles[m.role] ~ ': ' ~ m.content }}{% endfor %}",
      '{% for tool in tools %}{% for key in tool %}{{ key ~ tool[key] }}{% endfor %}{% endfor %}',
      "{% for name in ['a', 'b'] %}{{ tool[name] }}{% endfor %}{{ messages[loop.index0 - 1]['role'] }}",
      '{% set ns = namespace(i=0) %}{% for m in messages %}{% set ns.i = ns.i + 1 %}{{ messages[ns.i] }}{% endfor %}',
      "{{ messages | selectattr('role', 'equalto', 'tool') | map(attribute='content') | join(', ') }}",
      '{% macro r(x) %}{% if x is mapping %}{% for k, v in x.items() %}{{ k }}{{ r(v) }}{% endfor %}{% endif %}{% endmacro %}{{ r(tools) }}',
      "{{ raise_exception('Do not send a message that has content in it, as you must do this instead.') }}",
    ];
    for (const template of plain) assert.equal(await verdictOf(template), 'clean', template);
  });

  it('are followed in bounded steps, and it is said where these do not suffice', async () => {
    const loops = `${'{% for a in range(200) %}'.repeat(5)}x${'{% endfor %}'.repeat(5)}`;
    assert.equal(await verdictOf(loops), 'incomplete');
    for (const part of ["'a' ~ ", '(', '[', "x['a'].b|c(", '-', 'not '])
      assert.notEqual(await verdictOf(`{{ ${part.repeat(20_000)}x }}`), 'malicious', part);
    assert.notEqual(await verdictOf('{% if a %}'.repeat(5_000)), 'clean');
  });
});
