import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { learnTrainingEcho, TrainingEcho } from '@sallyport/guard';

const WORDS = 'river stone market letter winter garden engine silver paper bridge window doctor'.split(' ');
/** Sentences of words that stand in no order twice. */
function sentence(n: number, length: number): string {
  let state = n * 2_654_435_761 + 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return WORDS[(state >>> 8) % WORDS.length]! + ((state >>> 16) % 40);
  }).join(' ');
}

describe('training echo', () => {
  const texts = Array.from({ length: 2_000 }, (_, n) => sentence(n, 40));
  const file = learnTrainingEcho(texts);
  const echo = TrainingEcho.parse(file);

  it('finds every run of twelve words that was learned, and where it is', () => {
    for (let n = 0; n < 2_000; n += 7) {
      const words = texts[n]!.split(' ');
      const at = n % 28;
      const run = words.slice(at, at + 12).join(' ');
      const [found] = echo.find(`he said: ${run}. and so on`);
      // A filter may take the word beside a run for part of it.
      assert.ok(found && found.start <= 9 && found.start >= 0, run);
      assert.ok(found.end >= 9 + run.length && found.end <= 9 + run.length + 8, run);
      assert.deepEqual(echo.find(words.slice(at, at + 11).join(' ')), [], 'eleven are no run');
    }
  });

  it('finds nothing in texts it did not learn, however many', () => {
    let found = 0;
    for (let n = 0; n < 5_000; n++) found += echo.find(sentence(100_000 + n, 60)).length;
    assert.equal(found, 0);
  });

  it('counts each character as a word in scripts without spaces', () => {
    const chinese = TrainingEcho.parse(
      learnTrainingEcho(['双方同意在五月一日之前将西部草地的购买价格减去排水费用。']),
    );
    assert.equal(chinese.find('他说：双方同意在五月一日之前将西部草地').length, 1);
    assert.equal(chinese.find('双方同意在五月见面').length, 0);
  });

  it('keeps none of the texts, is the same every time, and refuses what is none', () => {
    assert.ok(!file.includes('river'));
    assert.deepEqual(learnTrainingEcho(texts), file);
    assert.throws(() => learnTrainingEcho(['too short']), /no text has 6 words/);
    assert.throws(() => TrainingEcho.parse(file.subarray(0, file.length - 1)), /cut short/);
    assert.throws(() => TrainingEcho.parse(Buffer.from('something else')), /not a model file/);
  });
});
