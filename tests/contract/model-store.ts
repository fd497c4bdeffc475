// What every model store must do, wherever its releases lie.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { ModelStore, WholeRelease } from '../../connectors/model-store.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { modelManifestSchema } from '../../schemas/model-manifest.ts';

/** A store to test: opened again for every second reader, and raw access to what lies in it. */
export interface Subject {
  /** Another opening of the same store, as another process would have it. */
  readonly open: () => ModelStore;
  /** Overwrites or removes one file behind the store’s back; the path is relative to the store. */
  readonly tamper: (path: string, bytes: Uint8Array | null) => Promise<void>;
  /** Paths of all files that are there, sorted. */
  readonly files: () => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A release that a store takes; what it predicts is nobody’s matter here. */
export function madeRelease(
  task: string,
  version: string,
  changes: Readonly<Record<string, unknown>> = {},
  model: Uint8Array = Buffer.from(`model of ${task}@${version}`),
): WholeRelease {
  const baseline = Buffer.from(
    JSON.stringify([
      {
        release: `${task}@${version}`,
        feature: 'length',
        kind: 'numeric',
        edges: [5, 9],
        bins: ['0', '1', '2'],
        counts: [1, 2, 3],
        samples: 6,
      },
    ]),
  );
  const files = new Map<string, Uint8Array>([
    ['model.onnx', model],
    ['baseline.json', baseline],
  ]);
  const manifest = modelManifestSchema.parse({
    task,
    version,
    release: `${task}@${version}`,
    kind: 'ngram',
    doc: 'A test.',
    labels: ['good', 'bad'],
    activation: 'softmax',
    emptyLabel: 'good',
    featurizer: {
      words: 1,
      charactersMin: 2,
      charactersMax: 3,
      leadingWords: 0,
      wordBuckets: 2,
      characterBuckets: 2,
      idsMax: 64,
    },
    temperature: 1,
    files: Object.fromEntries([...files].map(([name, bytes]) => [name, sha256(bytes)])),
    data: [],
    figures: [],
    targets: [],
    limits: [],
    seed: 1,
    parameters: { epochs: 3 },
    ...changes,
  });
  return { manifest, files, card: `# ${task}@${version}\n` };
}

/** Rejects with a `Misconfigured` of that code whose message matches and that says what to do. */
export async function assertMisconfigured(
  promise: Promise<unknown>,
  code: string,
  message: RegExp,
): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof Misconfigured, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.ok(error.fix.length > 0);
    return true;
  });
}

const reason = { by: 'tester', why: 'because' };

export function describeModelStore(name: string, open: () => Promise<Subject>): void {
  describe(`model store contract: ${name}`, { timeout: 120_000 }, () => {
    let subject: Subject;
    let store: ModelStore;
    before(async () => {
      subject = await open();
      store = subject.open();
    });
    after(() => subject.close());

    it('gives back what was published, to every reader', async () => {
      const release = madeRelease('mood', '1.0.0', {}, randomBytes(300_000));
      assert.equal(await store.publish(release), true);
      const other = subject.open();
      const whole = await other.whole('mood@1.0.0');
      assert.deepEqual(whole.manifest, release.manifest);
      assert.equal(whole.card, release.card);
      assert.deepEqual([...whole.files.keys()], Object.keys(release.manifest.files));
      for (const [file, bytes] of release.files) assert.ok(Buffer.from(bytes).equals(whole.files.get(file)!));
      const loaded = await other.load('mood@1.0.0');
      assert.equal(loaded.baselines[0]!.samples, 6);
      assert.deepEqual([...loaded.files.keys()], ['model.onnx']);
      assert.equal(await other.card('mood'), release.card);
      assert.deepEqual(await other.file('mood@1.0.0', 'model.onnx'), release.files.get('model.onnx'));
      assert.equal(await other.file('mood@1.0.0', 'sketch.json'), null);
    });

    it('never changes a release: the same bytes are fine, others are refused by name', async () => {
      const release = madeRelease('fixed', '1.0.0');
      await store.publish(release);
      assert.equal(await subject.open().publish(release), false);
      const other = madeRelease('fixed', '1.0.0', {}, Buffer.from('other'));
      await assertMisconfigured(
        store.publish(other),
        'release-exists',
        /fixed@1\.0\.0 .*already.*model\.onnx/,
      );
      const relabelled = { ...release, card: 'another card' };
      await assertMisconfigured(store.publish(relabelled), 'release-exists', /bytes in card\.md$/);
      assert.deepEqual((await store.whole('fixed@1.0.0')).files, (await subject.open().whole('fixed')).files);
    });

    it('publishes nothing whose files are not what its manifest says', async () => {
      const release = madeRelease('liar', '1.0.0');
      const files = new Map(release.files).set('model.onnx', Buffer.from('changed'));
      await assertMisconfigured(
        store.publish({ ...release, files }),
        'model-damaged',
        /model\.onnx.*SHA-256/,
      );
      files.delete('model.onnx');
      await assertMisconfigured(
        store.publish({ ...release, files }),
        'model-damaged',
        /model\.onnx.*missing/,
      );
      assert.deepEqual(
        (await subject.files()).filter((path) => path.startsWith('liar')),
        [],
      );
    });

    it('lets one of several publishers of a name win, whole', async () => {
      const rivals = Array.from({ length: 6 }, (_, n) =>
        madeRelease('race', '1.0.0', {}, Buffer.from(`${n}`)),
      );
      const outcomes = await Promise.allSettled(rivals.map((rival) => subject.open().publish(rival)));
      const won = outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []));
      assert.equal(won.length, 1, JSON.stringify(outcomes));
      assert.equal(String((await store.load('race')).files.get('model.onnx')), String(won[0]));
    });

    it('lists by task, the highest version first', async () => {
      for (const version of ['1.9.0', '1.10.0', '0.3.7']) await store.publish(madeRelease('count', version));
      const listed = (await subject.open().list()).map(({ release }) => release);
      assert.deepEqual(
        listed.filter((release) => release.startsWith('count')),
        ['count@1.10.0', 'count@1.9.0', 'count@0.3.7'],
      );
      assert.deepEqual(
        listed.map((release) => release.split('@')[0]!),
        listed.map((release) => release.split('@')[0]!).sort(),
      );
      assert.equal((await store.manifest('count')).version, '1.10.0');
    });

    it('does not see a release whose manifest is not there yet', async () => {
      await store.publish(madeRelease('half', '1.0.0'));
      await subject.tamper('half/1.1.0/model.onnx', Buffer.from('on its way'));
      assert.equal((await store.manifest('half')).version, '1.0.0');
      await assertMisconfigured(store.load('half@1.1.0'), 'model-missing', /no release half@1\.1\.0/);
      await assertMisconfigured(
        store.publish(madeRelease('half', '1.1.0')),
        'release-in-the-way',
        /half.1\.1\.0/,
      );
    });

    it('names what is missing or damaged', async () => {
      await store.publish(madeRelease('broken', '1.0.0'));
      await assertMisconfigured(store.load('nothing'), 'model-missing', /no release of the task “nothing”/);
      await assertMisconfigured(store.load('broken@3.0.0'), 'model-missing', /no release broken@3\.0\.0/);
      for (const wrong of ['', '@1.0.0', '../broken@1.0.0', 'broken@1/0', 'broken@a@b'])
        await assertMisconfigured(store.load(wrong), 'bad-release-name', /names no release/);
      const damaged = (message: RegExp) =>
        assertMisconfigured(subject.open().load('broken@1.0.0'), 'model-damaged', message);
      await subject.tamper('broken/1.0.0/model.onnx', Buffer.from('changed'));
      await damaged(/model\.onnx is damaged: its SHA-256/);
      await subject.tamper('broken/1.0.0/model.onnx', null);
      await damaged(/model\.onnx is damaged: it is missing/);
      await subject.tamper('broken/1.0.0/manifest.json', Buffer.from('{'));
      await damaged(/manifest\.json is damaged: it is no JSON/);
      const { manifest } = madeRelease('broken', '1.0.1');
      await subject.tamper('broken/1.0.0/manifest.json', Buffer.from(JSON.stringify(manifest)));
      await damaged(/its folder says broken@1\.0\.0/);
      await subject.tamper('broken/1.0.0/manifest.json', null);
    });

    it('moves aliases and keeps every move', async () => {
      for (const version of ['1.0.0', '1.1.0']) await store.publish(madeRelease('alias', version));
      assert.deepEqual(await store.aliases('alias'), { aliases: {}, history: [] });
      assert.equal((await store.manifest('alias')).version, '1.1.0');
      await store.changeAliases('alias', () => ({ champion: '1.0.0', candidate: '1.1.0' }), reason);
      const other = subject.open();
      assert.equal((await other.manifest('alias')).version, '1.0.0', 'the champion serves');
      assert.equal((await other.manifest('alias@candidate')).version, '1.1.0');
      await other.changeAliases('alias', () => ({ champion: '1.1.0', candidate: null, previous: '1.0.0' }), {
        by: 'other',
        why: 'it is better',
      });
      const { aliases, history } = await store.aliases('alias');
      assert.deepEqual(aliases, { champion: '1.1.0', previous: '1.0.0' });
      assert.deepEqual(
        history.map(({ by, why, alias, from, to }) => [by, why, alias, from, to]),
        [
          ['tester', 'because', 'champion', null, '1.0.0'],
          ['tester', 'because', 'candidate', null, '1.1.0'],
          ['other', 'it is better', 'champion', '1.0.0', '1.1.0'],
          ['other', 'it is better', 'candidate', '1.1.0', null],
          ['other', 'it is better', 'previous', null, '1.0.0'],
        ],
      );
      assert.ok(history.every(({ at }) => Math.abs(Date.now() - Date.parse(at)) < 60_000));
      await assertMisconfigured(store.load('alias@candidate'), 'alias-missing', /no candidate/);
      await assertMisconfigured(
        store.changeAliases('alias', () => ({ champion: '9.0.0' }), reason),
        'model-missing',
        /no release alias@9\.0\.0/,
      );
      const unchanged = await store.changeAliases('alias', () => ({ champion: '1.1.0' }), reason);
      assert.equal(unchanged.history.length, 5, 'what moves nothing is no move');
    });

    it('loses no move of several writers', async () => {
      const writers = 8;
      for (let n = 0; n < writers; n++) await store.publish(madeRelease('busy', `1.${n}.0`));
      await Promise.all(
        Array.from({ length: writers }, (_, n) =>
          subject.open().changeAliases('busy', () => ({ candidate: `1.${n}.0` }), { by: `${n}`, why: '' }),
        ),
      );
      const { aliases, history } = await store.aliases('busy');
      assert.deepEqual(
        history.map(({ by }) => by).sort(),
        Array.from({ length: writers }, (_, n) => `${n}`),
      );
      assert.equal(history.at(-1)!.to, aliases.candidate);
      for (const [at, move] of history.entries()) assert.equal(move.from, history[at - 1]?.to ?? null);
    });

    it('leaves nothing beside releases and aliases', async () => {
      const strange = (await subject.files()).filter(
        (path) =>
          !/^[a-z]+\/(\d+\.\d+\.\d+\/(manifest\.json|card\.md|model\.onnx|baseline\.json)|aliases\.json)$/.test(
            path,
          ),
      );
      assert.deepEqual(strange, []);
    });

    it('names damaged aliases', async () => {
      await subject.tamper('alias/aliases.json', Buffer.from('{"aliases": {"king": "1.0.0"}}'));
      await assertMisconfigured(store.load('alias'), 'model-damaged', /alias\/aliases\.json/);
    });
  });
}
