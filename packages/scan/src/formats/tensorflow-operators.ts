/** Operators of TensorFlow 2.21 that run Python. */
export const PYTHON_OPERATORS: ReadonlySet<string> = new Set(
  'PyFunc PyFuncStateless EagerPyFunc GeneratorDataset'.split(' '),
);

/** Operators of TensorFlow 2.21 that read, write or remove files wherever they are told to. */
export const FILE_OPERATORS: ReadonlySet<string> = new Set(
  (
    'ReadFile WriteFile MatchingFiles MatchingFilesDataset ExperimentalMatchingFilesDataset WholeFileReader WholeFileReaderV2 TextLineReader ' +
    'TextLineReaderV2 FixedLengthRecordReader FixedLengthRecordReaderV2 TFRecordReader TFRecordReaderV2 LMDBReader TextLineDataset ' +
    'FixedLengthRecordDataset FixedLengthRecordDatasetV2 TFRecordDataset TFRecordDatasetV2 CSVDataset CSVDatasetV2 ExperimentalCSVDataset ' +
    'LMDBDataset ExperimentalLMDBDataset SqlDataset ExperimentalSqlDataset SaveDataset SaveDatasetV2 LoadDataset SnapshotDataset ' +
    'SnapshotDatasetV2 SnapshotDatasetReader SnapshotChunkDataset ListSnapshotChunksDataset DistributedSave CacheDataset CacheDatasetV2 ' +
    'DatasetToTFRecord ExperimentalDatasetToTFRecord CreateSummaryFileWriter CreateSummaryDbWriter ImportEvent LoadAndRemapMatrix ' +
    'GenerateVocabRemapping ImmutableConst RecordInput Save SaveSlices DumpTensor CalibrationStatisticsSaver DebugIdentity DebugIdentityV2 ' +
    'DebugIdentityV3 DebugNanCount DebugNumericSummary Skipgram FileSystemSetConfiguration'
  ).split(' '),
);

/** Operators of TensorFlow 2.21 that connect to an address they are told. */
export const NETWORK_OPERATORS: ReadonlySet<string> = new Set(
  (
    'RpcServer RpcServerStart RpcServerRegister RpcClient RpcCall RemoteCall DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 ' +
    'DataServiceDatasetV4 RegisterDataset RegisterDatasetV2 XlaCustomCall XlaCustomCallV2 BigtableClient BigQueryClient PubSubDataset KafkaDataset'
  ).split(' '),
);

/** Operators that every model has for saving and restoring itself, with the place given by whoever calls. */
export const SAVER_OPERATORS: ReadonlySet<string> = new Set(
  'SaveV2 RestoreV2 MergeV2Checkpoints Restore RestoreSlice DTensorRestoreV2'.split(' '),
);

/** Operators that read a file of words beside the model, or print where they are told: a person should look at which. */
export const NAMED_OPERATORS: ReadonlyMap<string, string> = new Map([
  ['InitializeTableFromTextFile', 'fills a table from a file'],
  ['InitializeTableFromTextFileV2', 'fills a table from a file'],
  ['InitializeTableFromDataset', 'fills a table from what a data set reads'],
  ['DeserializeIterator', 'goes on with a data set as a state says'],
  ['Print', 'prints what the model is given'],
  ['PrintV2', 'prints what the model is given, or writes it to a file'],
]);

/**
 * Operators of TensorFlow 2.21, and one of 1.x, that make a graph of what they are given as data, or run one that a text describes
 * (`ops/dataset_ops.cc`, `ops/mlir_passthrough_op.cc`): what it does is nowhere among the operators.
 */
export const MAKING_OPERATORS: ReadonlySet<string> = new Set(
  'DatasetFromGraph MlirPassthroughOp _XlaHostComputeMlir TPUCompileMlir _TPUCompileMlir RemoteFusedGraphExecute'.split(
    ' ',
  ),
);
