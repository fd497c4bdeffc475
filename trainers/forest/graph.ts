// Writes a forest as an ONNX model: one TreeEnsembleRegressor, and what makes answers of its sums.
import type { NodeProto, TensorProto } from '../onnx/generated/onnx_pb.js';
import {
  bytesOf,
  floats,
  integer,
  integers,
  modelBytes,
  node,
  tensor,
  tensorTypes,
  value,
  word,
  words,
} from '../onnx/graph.ts';
import { type Forest, shareMin } from './forest.ts';

const { FLOAT, INT64 } = tensorTypes;

/** Domain and version of the tree operators. */
const ml = { domain: 'ai.onnx.ml', version: 3 };

/**
 * ONNX bytes of a forest, equal for equal forests. Input: `features` float [rows, columns], NaN where missing. Outputs,
 * float [rows, targets]: `answers`, values or probabilities, and for a forest (not boosting) `spread`, the standard
 * deviation over its trees. For that the ensemble has two targets for each of the forest’s: the mean of what trees
 * answer and the mean of its square; values are taken relative to `centre`, or the difference of two large numbers
 * would be all that is left in 32 bits.
 */
export function writeForest(forest: Forest): Uint8Array<ArrayBuffer> {
  const { columns, width, method } = forest;
  const centre = centreOf(forest);
  const hasSpread = method === 'forest';
  const steps = [
    ...(hasSpread ? spreadSteps : [node('Identity', ['sums'], 'means')]),
    ...(forest.activation === 'identity' ? valueSteps(hasSpread) : probabilitySteps(forest)),
  ];
  const used = new Set(steps.flatMap(({ input }) => input));
  const output = [value('answers', FLOAT, ['rows', width])];
  if (hasSpread) output.push(value('spread', FLOAT, ['rows', width]));
  return modelBytes(
    {
      name: 'forest',
      node: [
        node('TreeEnsembleRegressor', ['features'], 'sums', ensemble(forest, centre), ml.domain),
        ...steps,
      ],
      initializer: constants(forest, centre).filter(({ name }) => used.has(name)),
      input: [value('features', FLOAT, ['rows', columns])],
      output,
    },
    [ml],
  );
}

/** What values are taken relative to: the mean over trees of what their roots would answer; 0 for shares. */
function centreOf({ method, activation, width, trees }: Forest): Float32Array {
  const centre = new Float64Array(width);
  if (method === 'forest' && activation === 'identity') {
    for (const { tree } of trees)
      for (let k = 0; k < width; k++) centre[k]! += tree.values[k]! / trees.length;
  }
  return Float32Array.from(centre);
}

function constants({ width, temperature }: Forest, centre: Float32Array): TensorProto[] {
  const scalar = (name: string, number: number) => tensor(name, FLOAT, [], bytesOf(Float32Array.of(number)));
  const indices = (from: number) => BigInt64Array.from({ length: width }, (_, at) => BigInt(from + at));
  return [
    tensor('centre', FLOAT, [width], bytesOf(centre)),
    tensor('meanColumns', INT64, [width], bytesOf(indices(0))),
    tensor('squareColumns', INT64, [width], bytesOf(indices(width))),
    scalar('zero', 0),
    scalar('one', 1),
    scalar('shareMin', shareMin),
    scalar('temperature', temperature),
  ];
}

/** From the means of answers and of their squares to the standard deviation over trees. */
const spreadSteps: NodeProto[] = [
  node('Gather', ['sums', 'meanColumns'], 'means', [integer('axis', 1)]),
  node('Gather', ['sums', 'squareColumns'], 'squares', [integer('axis', 1)]),
  node('Mul', ['means', 'means'], 'squaredMeans'),
  node('Sub', ['squares', 'squaredMeans'], 'differences'),
  node('Max', ['differences', 'zero'], 'variances'),
  node('Sqrt', ['variances'], 'spread'),
];

const valueSteps = (isCentred: boolean): NodeProto[] => [
  isCentred ? node('Add', ['means', 'centre'], 'answers') : node('Identity', ['means'], 'answers'),
];

function probabilitySteps({ method, activation }: Forest): NodeProto[] {
  const last =
    activation === 'softmax'
      ? node('Softmax', ['tempered'], 'answers', [integer('axis', 1)])
      : node('Sigmoid', ['tempered'], 'answers');
  return [...logitSteps(method, activation), node('Div', ['logits', 'temperature'], 'tempered'), last];
}

/** As `logitsOf` in forest.ts. */
function logitSteps(method: Forest['method'], activation: Forest['activation']): NodeProto[] {
  if (method === 'boosting') return [node('Identity', ['means'], 'logits')];
  const held = [node('Max', ['means', 'shareMin'], 'heldShares'), node('Log', ['heldShares'], 'logHeld')];
  if (activation === 'softmax') return [...held, node('Identity', ['logHeld'], 'logits')];
  return [
    ...held,
    node('Sub', ['one', 'means'], 'others'),
    node('Max', ['others', 'shareMin'], 'otherShares'),
    node('Log', ['otherShares'], 'logOther'),
    node('Sub', ['logHeld', 'logOther'], 'logits'),
  ];
}

/** What leaves answer, as lists: the form the operator takes. */
interface LeafLists {
  readonly trees: number[];
  readonly nodes: number[];
  readonly targets: number[];
  readonly weights: number[];
}

function ensemble(forest: Forest, centre: Float32Array) {
  const { trees, method, width, base } = forest;
  const isForest = method === 'forest';
  const flat = <T>(of: (tree: Forest['trees'][number]['tree'], number: number) => Iterable<T>): T[] =>
    trees.flatMap(({ tree }, number) => [...of(tree, number)]);
  const leaves = leafLists(forest, centre);
  return [
    word('aggregate_function', isForest ? 'AVERAGE' : 'SUM'),
    ...(isForest ? [] : [floats('base_values', base)]),
    integer('n_targets', isForest ? 2 * width : width),
    integers(
      'nodes_treeids',
      flat((tree, number) => tree.features.map(() => number)),
    ),
    integers(
      'nodes_nodeids',
      flat((tree) => tree.features.keys()),
    ),
    integers(
      'nodes_featureids',
      flat((tree) => tree.features.map((feature) => Math.max(feature, 0))),
    ),
    floats(
      'nodes_values',
      flat((tree) => tree.thresholds),
    ),
    words(
      'nodes_modes',
      flat((tree) => Array.from(tree.features, (f) => (f < 0 ? 'LEAF' : 'BRANCH_LEQ'))),
    ),
    integers(
      'nodes_truenodeids',
      flat((tree) => tree.left.map((node) => Math.max(node, 0))),
    ),
    integers(
      'nodes_falsenodeids',
      flat((tree) => tree.right.map((node) => Math.max(node, 0))),
    ),
    integers(
      'nodes_missing_value_tracks_true',
      flat((tree) => tree.missingLeft),
    ),
    integers('target_treeids', leaves.trees),
    integers('target_nodeids', leaves.nodes),
    integers('target_ids', leaves.targets),
    floats('target_weights', leaves.weights),
  ];
}

function leafLists({ trees, method, width }: Forest, centre: Float32Array): LeafLists {
  const lists: LeafLists = { trees: [], nodes: [], targets: [], weights: [] };
  const add = (number: number, node: number, target: number, weight: number) => {
    lists.trees.push(number);
    lists.nodes.push(node);
    lists.targets.push(target);
    lists.weights.push(weight);
  };
  trees.forEach(({ tree, target }, number) => {
    tree.features.forEach((feature, node) => {
      if (feature >= 0) return;
      for (let k = 0; k < tree.width; k++) {
        const answer = tree.values[node * tree.width + k]! - centre[target + k]!;
        // A leaf without a weight is refused, one without weights for some targets is not.
        if (answer === 0 && k > 0) continue;
        add(number, node, target + k, answer);
        if (method === 'forest') add(number, node, width + k, answer * answer);
      }
    });
  });
  return lists;
}
