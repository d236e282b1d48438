import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TextChannel } from '@sallyport/core';
import { Inspector } from '@sallyport/guard';
import { reportLanguages } from '../../../train/guard/report-languages.ts';
import { defaultVerdict } from '../src/guard-desk.ts';
import { readGuardModels } from '../src/guard-models.ts';
import { DOCUMENTS } from './honest/documents.ts';
import { MESSAGES } from './honest/messages.ts';
import { OPERATOR_PROMPTS } from './honest/operator-prompts.ts';

/*
 * Texts that no one wrote against the rules or for them. What is denied of them is refused honest work: it is named here,
 * and may become less. Flags are counted, since they cost a reader's time.
 */
describe('honest texts, written without sight of the rules', () => {
  const inspector = Inspector.open(readGuardModels());
  const told = (texts: readonly string[], channel: TextChannel) => {
    const denied: string[] = [];
    let flagged = 0;
    for (const text of texts) {
      const verdict = defaultVerdict(inspector.assess({ text, pointer: '', channel }).detections);
      if (verdict === 'deny') denied.push(text.slice(0, 40));
      else if (verdict === 'flag') flagged++;
    }
    return { texts: new Set(texts).size, denied, flagged };
  };
  const texts = (list: readonly (readonly [string, string])[]) => list.map(([, text]) => text);

  it('system prompts pass without a word', () => {
    assert.deepEqual(told(OPERATOR_PROMPTS, 'operator'), { texts: 200, denied: [], flagged: 0 });
  });
  it('messages in twelve languages are never denied', () => {
    assert.deepEqual(told(texts(MESSAGES), 'user'), { texts: 500, denied: [], flagged: 6 });
  });
  it('no language has flags above five in a hundred that chance does not explain', () => {
    assert.deepEqual(
      reportLanguages(inspector, () => {}),
      [],
    );
  });
  it('documents in twenty languages are never denied', () => {
    assert.deepEqual(told(texts(DOCUMENTS), 'document'), {
      texts: 120,
      denied: [],
      flagged: 2,
    });
  });
  it('documents that a user pastes are never denied', () => {
    assert.deepEqual(told(texts(DOCUMENTS), 'user'), { texts: 120, denied: [], flagged: 5 });
  });
});
