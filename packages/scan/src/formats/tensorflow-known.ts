/** Families of operators of TensorFlow, by how their names begin or end: of optimizers, tables, queues, datasets, images and texts. */
const FAMILY =
  /^(?:_\w+|(?:Ref|Variable|TemporaryVariable|Assign|Scatter|ResourceScatter|Apply|SparseApply|ResourceApply|ResourceSparseApply|Accumulator|SparseAccumulator|ResourceAccumulator|Barrier|Queue|Stack|TensorArray|TensorList|TensorMap|Lookup|MutableHashTable|MutableDenseHashTable|HashTable|Reader|Xla|TPU|Collective|Nccl|Stateless|Uniform|Ragged|Quantize|Dequantize|Requantiz|Sparse|Stateful|Random|Boosted|Fake|Cudnn|Lite|Iterator|MultiDeviceIterator|Optional|Map|OrderedMap|Encode|Decode|Image|Resize|Matrix|Batch|Unbatch|Non|Segment|Unsorted|String|Regex|Unicode|Conv|Depthwise|MaxPool|AvgPool|Fractional|Fused|Mirror|Strided|Bessel|IFFT|FFT|IRFFT|RFFT|DTensor|Write|Summary|Load|Retrieve|Configure|Send|Recv|Debug|Experimental)\w*|\w*(?:Dataset|Iterator|Call|Summary|Queue|Reader|Grad|Accumulator))$/;

/** All other operators that come with TensorFlow, without the number of their version. */
const SINGLE: ReadonlySet<string> = new Set(
  (
    'Const Softplus BandedTriangularSolve CompareAndBitpack Erfinv Spence CloseSummaryWriter FlushSummaryWriter ' +
    'DeleteMemoryCache DeleteRandomSeedGenerator ResourceGatherNd TensorForestTreeDeserialize GetMinibatchSplitsWithPhysicalReplica ' +
    'SortListOfSparseCoreCooTensors Abort Abs AccumulateN Acos Acosh Add AddManySparseToTensorsMap AddN AddSparseToTensorsMap AdjustContrast ' +
    'AdjustContrastv2 AdjustHue AdjustSaturation All AllCandidateSampler AllToAll Angle AnonymousHashTable ' +
    'AnonymousMutableDenseHashTable AnonymousMutableHashTable AnonymousMutableHashTableOfTensors ' +
    'AnonymousSeedGenerator Any ApproxTopK ApproximateEqual ArgMax ArgMin AsString Asin Asinh Assert Atan Atan2 ' +
    'Atanh AudioSpectrogram Betainc BiasAdd Bincount Bitcast BitwiseAnd BitwiseOr BitwiseXor BlockLSTM ' +
    'BroadcastArgs BroadcastGradientArgs BroadcastTo Bucketize CSRSparseMatrixComponents CSRSparseMatrixToDense ' +
    'CSRSparseMatrixToSparseTensor CTCBeamSearchDecoder CTCGreedyDecoder CTCLoss Case Cast Ceil CheckNumerics ' +
    'Cholesky ClipByValue CollateTPUEmbeddingMemory CombinedNonMaxSuppression Complex ComplexAbs ' +
    'CompositeTensorVariantFromComponents CompositeTensorVariantToComponents CompressElement ComputeAccidentalHits ' +
    'ComputeBatchSize ComputeDedupDataSize ComputeDedupDataTupleMask Concat ConcatOffset Conj ConjugateTranspose ' +
    'ConnectTPUEmbeddingHosts ConsumeMutexLock ControlTrigger Copy CopyHost Cos Cosh CountUpTo CropAndResize ' +
    'CropAndResizeGradBoxes CropAndResizeGradImage Cross CrossReplicaSum Cumprod Cumsum CumulativeLogsumexp ' +
    'DataFormatDimMap DataFormatVecPermute DatasetCardinality DatasetFingerprint DatasetFromGraph DatasetToGraph ' +
    'DatasetToSingleElement DatasetToTFRecord DeepCopy DeleteSessionTensor DenseBincount DenseCountSparseOutput ' +
    'DenseToCSRSparseMatrix DenseToDenseSetOperation DenseToSparseSetOperation DepthToSpace DeserializeManySparse ' +
    'DeserializeSparse DestroyResourceOp DestroyTemporaryVariable DeviceIndex Diag DiagPart Digamma Dilation2D ' +
    'Dilation2DBackpropFilter Dilation2DBackpropInput DisableCopyOnRead Div DivNoNan DrawBoundingBoxes ' +
    'DummySeedGenerator DynamicEnqueueTPUEmbeddingArbitraryTensorBatch DynamicPartition DynamicStitch EagerPyFunc ' +
    'EditDistance Eig Einsum Elu Empty EmptyTensorList EmptyTensorMap EnqueueTPUEmbeddingArbitraryTensorBatch ' +
    'EnqueueTPUEmbeddingBatch EnqueueTPUEmbeddingIntegerBatch EnqueueTPUEmbeddingRaggedTensorBatch ' +
    'EnqueueTPUEmbeddingSparseBatch EnqueueTPUEmbeddingSparseTensorBatch EnsureShape Enter Equal Erf Erfc ' +
    'EuclideanNorm ExecuteTPUEmbeddingPartitioner Exit Exp ExpandDims Expm1 ExtractGlimpse ExtractImagePatches ' +
    'ExtractJpegShape ExtractVolumePatches Fact FileSystemSetConfiguration Fill FinalizeTPUEmbedding Fingerprint ' +
    'FixedUnigramCandidateSampler Floor FloorDiv FloorMod For GRUBlockCell Gather GatherNd ' +
    'GenerateBoundingBoxProposals GenerateVocabRemapping GetElementAtIndex GetOptions GetSessionHandle ' +
    'GetSessionTensor Greater GreaterEqual GuaranteeConst HSVToRGB HistogramFixedWidth HostConst Identity ' +
    'IdentityN If Igamma IgammaGradA Igammac Imag ImmutableConst InTopK InfeedDequeue InfeedDequeueTuple ' +
    'InfeedEnqueue InfeedEnqueuePrelinearizedBuffer InfeedEnqueueTuple InitializeTable InitializeTableFromTextFile ' +
    'InplaceAdd InplaceSub InplaceUpdate Inv Invert InvertPermutation IsBoostedTreesEnsembleInitialized ' +
    'IsBoostedTreesQuantileStreamResourceInitialized IsFinite IsInf IsNan IsTPUEmbeddingInitialized ' +
    'IsVariableInitialized IsotonicRegression KMC2ChainInitialization KernelLabel KmeansPlusPlusInitialization ' +
    'KthOrderStatistic L2Loss LRN LSTMBlockCell LeakyRelu LearnedUnigramCandidateSampler LeftShift Less LessEqual ' +
    'Lgamma LinSpace ListDiff Log Log1p LogMatrixDeterminant LogSoftmax LogUniformCandidateSampler LogicalAnd ' +
    'LogicalNot LogicalOr LoopCond LowerBound Lu MakeUnique MatMul MatchingFiles Max Maximum Mean Merge ' +
    'MergeDedupData MergeV2Checkpoints Mfcc Min Minimum MlirPassthroughOp Mod Mul MulNoNan Multinomial Mutex ' +
    'MutexLock NearestNeighbors Neg NegTrain NextAfter NextIteration NoOp NotEqual NthElement OneHot OnesLike ' +
    'OutfeedDequeue OutfeedDequeueTuple OutfeedEnqueue OutfeedEnqueueTuple Pack Pad ParallelConcat ' +
    'ParallelDynamicStitch ParameterizedTruncatedNormal ParseExample ParseSequenceExample ParseSingleExample ' +
    'ParseSingleSequenceExample ParseTensor Placeholder PlaceholderWithDefault Polygamma PopulationCount Pow ' +
    'Prelinearize PrelinearizeTuple PreventGradient Print Prod PyFunc PyFuncStateless Qr RGBToHSV Range Rank ' +
    'ReadFile ReadVariableOp ReadVariableXlaSplitND Real RealDiv Reciprocal RecordInput ReduceJoin Relu Relu6 ' +
    'RemoteFusedGraphExecute Reshape ResourceCountUpTo ResourceGather ResourceStridedSliceAssign Restore ' +
    'RestoreSlice Reverse ReverseSequence RightShift Rint RiscAdd RiscMax RngReadAndSkip RngSkip Roll Round Rsqrt ' +
    'SampleDistortedBoundingBox Save SaveSlices SdcaFprint SdcaOptimizer Select SelfAdjointEig Selu ' +
    'SerializeManySparse SerializeSparse SerializeTensor SetSize Shape ShapeN ShardedFilename ShardedFilespec ' +
    'ShutdownDistributedTPU ShutdownTPUSystem Sigmoid Sign Sin Sinh Size Skipgram Slice Snapshot SobolSample ' +
    'Softmax SoftmaxCrossEntropyWithLogits Softsign SpaceToBatch SpaceToBatchND SpaceToDepth Split SplitDedupData ' +
    'SplitV Sqrt Square SquaredDifference Squeeze Stage StageClear StagePeek StageSize StaticRegexFullMatch ' +
    'StaticRegexReplace StatsAggregatorHandle StatsAggregatorSetSummaryWriter StochasticCastToInt StopGradient Sub ' +
    'Substr Sum Svd Switch SymbolicGradient SyncDevice TakeManySparseFromTensorsMap Tan Tanh TensorScatterAdd ' +
    'TensorScatterMax TensorScatterSub TensorScatterUpdate TensorStridedSliceUpdate ThreadPoolHandle ' +
    'ThreadUnsafeUnigramCandidateSampler Tile Timestamp ToBool TopK TopKUnique TopKWithUnique TpuHandleToProtoKey ' +
    'Transpose TridiagonalMatMul TridiagonalSolve TruncateDiv TruncateMod TruncatedNormal UncompressElement Unique ' +
    'UniqueWithCounts Unpack UnravelIndex Unstage UpperBound VarHandleOp VarIsInitializedOp Where While ' +
    'WorkerHeartbeat Xdivy Xlog1py Xlogy ZerosLike Zeta'
  ).split(' '),
);

/** Whether an operator comes with TensorFlow itself: any other needs a library that brings it. */
export const isBuiltIn = (operator: string): boolean => {
  const name = operator.replace(/V\d{1,2}$/, '');
  return FAMILY.test(name) || SINGLE.has(name);
};
