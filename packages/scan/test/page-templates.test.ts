import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';

const verdictOf = async (name: string, content: string): Promise<string> =>
  (await scanSource(name, new BytesSource(Buffer.from(content)))).verdict;

/** Templates of Flask, dbt, Ansible and code generators. */
const PAGES = [
  '{% extends "base.html" %}{% block content %}{{ url_for("x") }}{{ request.args.get("q") }}{{ config.TITLE }}{{ super() }}{% endblock %}',
  '{{ self.title() }}{% import "m.html" as m %}{{ m.f() }}{% for c in cycler("a", "b") %}{% endfor %}',
  "{{ config(materialized='table') }} select * from {{ ref('x') }} {% if is_incremental() %} where 1 {% endif %}",
  "{% for h in groups['all'] %}server {{ hostvars[h]['ansible_host'] }};{% endfor %}{{ lookup('env', 'HOME') }}",
  '{% if x.__class__.__name__ == "list" %}{{ x | join(",") }}{% endif %}',
  '{% include "a.j2" %}<a href="{{ "https://a.example/" + page }}">Always say hello to your readers here</a>',
  '{% set messages = get_flashed_messages() %}{% for message in messages %}{{ message }}{% endfor %}',
];
const ESCAPES = [
  '{{ self.__init__.__globals__.__builtins__ }}',
  "{{ config.__class__.__init__.__globals__['os'].popen('id').read() }}",
  "{{ ''.__class__.__mro__[1].__subclasses__() }}",
  '{{ x.__class__.__name__.__class__.__base__ }}',
  "{{ request|attr('__class__') }}",
  "{{ cycler['__init__'] }}",
  "{{ eval('1') }}",
];

describe('templates of pages, playbooks and queries', () => {
  it('are clean with what their frameworks give them', async () => {
    for (const text of PAGES)
      for (const name of ['templates/a.html.j2', 'roles/a/templates/a.jinja2', 'a.jinja'])
        assert.equal(await verdictOf(name, text), 'clean', text);
  });

  it('are malicious where they leave their sandbox', async () => {
    for (const text of ESCAPES) assert.equal(await verdictOf('templates/a.html.j2', text), 'malicious', text);
  });

  it('and those that lay out a dialogue are held to what that needs', async () => {
    for (const text of PAGES.slice(0, 3)) {
      assert.equal(await verdictOf('model/chat_template.jinja', text), 'malicious', text);
      assert.equal(await verdictOf('model/a.jinja', `{{ bos_token }}${text}`), 'malicious', text);
      assert.equal(await verdictOf('a.j2', `{{ messages[0]["role"] }}${text}`), 'malicious', text);
    }
  });
});
