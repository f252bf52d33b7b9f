package dialect

// The keys of the open questions.
const (
	RequestForm        Key = "request-form"
	EmptyArray         Key = "empty-array"
	ArrayOfTwo         Key = "array-of-two"
	ExtraKeys          Key = "extra-keys"
	ContentType        Key = "content-type"
	AbsentSource       Key = "absent-source"
	TemplateBZone      Key = "template-b-zone"
	WindowEdges        Key = "window-edges"
	CurrentBucket      Key = "current-bucket"
	SilentBuckets      Key = "silent-buckets"
	RowOrder           Key = "row-order"
	AllSources         Key = "all-sources"
	UnknownSource      Key = "unknown-source"
	ZeroInterval       Key = "zero-interval"
	ReversedWindow     Key = "reversed-window"
	FutureWindow       Key = "future-window"
	MonthLength        Key = "month-length"
	PeakInterval       Key = "peak-interval"
	EpochForm          Key = "epoch-form"
	TimestampType      Key = "timestamp-type"
	StartStatus        Key = "start-status"
	SecondJob          Key = "second-job"
	BadHost            Key = "bad-host"
	StatusBeforeRun    Key = "status-before-run"
	EmptyMessage       Key = "empty-message"
	RestoreSubdir      Key = "restore-subdir"
	BackupNameZone     Key = "backup-name-zone"
	NameCollision      Key = "name-collision"
	AbsentNoCert       Key = "absent-no-cert"
	BackupWrongMethod  Key = "backup-wrong-method"
	UnknownPath        Key = "unknown-path"
	ErrorInfo          Key = "error-info"
	MalformedAuth      Key = "malformed-authorization"
	AuthBeforeMethod   Key = "auth-before-method"
	OpenCommonResource Key = "open-common-resources"
)

// table is the ledger of open questions. The first answer of each is the default.
var table = []Question{
	{
		Key: RequestForm, Ask: "Is the request of import_stats an array of one object, or the bare object?",
		Why:     "analytics, Request Body: the structure and the table say array, the examples show a bare object",
		Answers: []Answer{{"both", "either is answered"}, {"bare", "only the bare object"}, {"array", "only the array"}},
	},
	{
		Key: EmptyArray, Ask: "What does an empty array as request of import_stats get?",
		Why:     "analytics, Request Body: the object inside the array is marked Optional",
		Answers: []Answer{{"reject", "BAD_REQUEST"}, {"empty", "an empty array"}},
	},
	{
		Key: ArrayOfTwo, Ask: "What do two requests in one array get?",
		Why:     "analytics, Request Body: an array of objects, shown with one",
		Answers: []Answer{{"reject", "BAD_REQUEST"}, {"both", "the rows of both, one after the other"}, {"first", "the rows of the first"}},
	},
	{
		Key: ExtraKeys, Ask: "What does a request with a key that the documents do not know get?",
		Why:     "both documents: silent",
		Answers: []Answer{{"reject", "BAD_REQUEST that names the key"}, {"ignore", "it is answered as if the key were absent"}},
	},
	{
		Key: ContentType, Ask: "Must a request with a body say Content-Type: application/json?",
		Why:     "both documents: silent",
		Answers: []Answer{{"any", "any type or none"}, {"json", "anything else is BAD_REQUEST"}},
	},
	{
		Key: AbsentSource, Ask: "What does a request of import_stats without source_ip get?",
		Why:     "analytics, Request Body: an empty string means all sources; absence is not explained",
		Answers: []Answer{{"reject", "BAD_REQUEST"}, {"all", "all sources"}},
	},
	{
		Key: TemplateBZone, Ask: "In which time zone are the times of template B?",
		Why: "analytics, Template Type B: the format names no zone", Form: "an offset such as +05:30", Pattern: `^[+-](0[0-9]|1[0-4]):[0-5][0-9]$`,
		Answers: []Answer{{"UTC", "UTC, as in the rows"}},
	},
	{
		Key: WindowEdges, Ask: "Which intervals belong to a window whose edges lie inside an interval?",
		Why:     "analytics, Templates B and C: silent",
		Answers: []Answer{{"cover", "every interval that the window touches"}, {"start", "those that start inside the window"}, {"inside", "only those wholly inside"}, {"closed", "those that start inside, the end included"}},
	},
	{
		Key: CurrentBucket, Ask: "Does template A count the interval that is still open?",
		Why:     "analytics, Template Type A: silent",
		Answers: []Answer{{"exclude", "only intervals that have ended"}, {"include", "the running one too"}},
	},
	{
		Key: SilentBuckets, Ask: "Is there a row for an interval in which a source sent nothing?",
		Why:     "analytics, Response Body: silent",
		Answers: []Answer{{"omit", "no row"}, {"zero", "a row of zeros"}},
	},
	{
		Key: RowOrder, Ask: "In which order do rows come?",
		Why:     "analytics, Response Body: silent",
		Answers: []Answer{{"time", "by time, then by source"}, {"source", "by source, then by time"}, {"newest", "newest first"}},
	},
	{
		Key: AllSources, Ask: "Does an empty source_ip yield a row for each source, or one for all together?",
		Why:     "analytics, Response Body: the list is per source device or for all source devices",
		Answers: []Answer{{"each", "a row for each source"}, {"sum", "one row with an empty source_ip"}},
	},
	{
		Key: UnknownSource, Ask: "What does an address that never sent anything get?",
		Why:     "analytics, Request Body: silent",
		Answers: []Answer{{"empty", "an empty array"}, {"reject", "BAD_REQUEST"}},
	},
	{
		Key: ZeroInterval, Ask: "What does a time_interval of 0 get?",
		Why:     "analytics, Template Type A: an integer; its range is not given",
		Answers: []Answer{{"reject", "BAD_REQUEST"}, {"empty", "an empty array"}},
	},
	{
		Key: ReversedWindow, Ask: "What does a window that ends before it starts get?",
		Why:     "analytics, Templates B and C: silent",
		Answers: []Answer{{"reject", "BAD_REQUEST"}, {"empty", "an empty array"}},
	},
	{
		Key: FutureWindow, Ask: "What does a window in the future get?",
		Why:     "analytics, Templates B and C: silent",
		Answers: []Answer{{"empty", "an empty array"}, {"reject", "BAD_REQUEST"}},
	},
	{
		Key: MonthLength, Ask: "How long is a month of template A?",
		Why:     "analytics, Template Type A: months are a unit without a length",
		Answers: []Answer{{"calendar", "back to the same day of an earlier month"}, {"30d", "30 days"}},
	},
	{
		Key: PeakInterval, Ask: "Of which intervals is a peak the largest?",
		Why:     "analytics, Response Body: a peak value, of what is not said",
		Answers: []Answer{{"second", "of the seconds in the row"}, {"minute", "of the minutes in the row, of the second in shorter rows"}},
	},
	{
		Key: EpochForm, Ask: "Are epoch seconds with a fraction of zero (1702580400.0) an integer?",
		Why:     "analytics, Template Type C: a number that is an integer value",
		Answers: []Answer{{"accept", "they are answered"}, {"reject", "BAD_REQUEST"}},
	},
	{
		Key: TimestampType, Ask: "Is timeStamp a string or a number?",
		Why:     "backup, Response Body: the table says string, the example shows a number",
		Answers: []Answer{{"number", "a JSON number"}, {"string", "a string of digits"}},
	},
	{
		Key: StartStatus, Ask: "With which status is a started job answered?",
		Why:     "backup, Response Body of POST: no body, no status named",
		Answers: []Answer{{"200", "OK"}, {"201", "Created"}, {"202", "Accepted"}, {"204", "No Content"}},
	},
	{
		Key: SecondJob, Ask: "What does a job get that is posted while another runs?",
		Why:     "backup: silent",
		Answers: []Answer{{"reject", "BAD_REQUEST"}, {"conflict", "409"}, {"ignore", "success, and the first goes on"}},
	},
	{
		Key: BadHost, Ask: "Is a host that cannot be reached refused at once, or does the job end in ERROR?",
		Why:     "backup: silent",
		Answers: []Answer{{"job", "the job ends in ERROR"}, {"reject", "BAD_REQUEST"}},
	},
	{
		Key: StatusBeforeRun, Ask: "What does the status say before any job has run?",
		Why:     "backup, Response Body: NONE is a status; the rest is silent",
		Answers: []Answer{{"none", "status NONE, the other fields empty"}, {"empty", "empty objects"}, {"null", "null instead of the records"}},
	},
	{
		Key: EmptyMessage, Ask: "Is message there when there is nothing to say?",
		Why:     "backup, Response Body: Optional, and shown empty",
		Answers: []Answer{{"present", "an empty string"}, {"absent", "left out"}},
	},
	{
		Key: RestoreSubdir, Ask: "Does the restore status carry subdir?",
		Why:     "backup, Restore Status: in the table, not in the example",
		Answers: []Answer{{"absent", "no"}, {"present", "yes"}},
	},
	{
		Key: BackupNameZone, Ask: "In which zone is the time in a backup's directory name?",
		Why: "backup: silent; observed names look like UTC", Form: "an offset such as +05:30", Pattern: `^[+-](0[0-9]|1[0-4]):[0-5][0-9]$`,
		Answers: []Answer{{"UTC", "UTC"}},
	},
	{
		Key: NameCollision, Ask: "What happens to a second backup in the same minute?",
		Why:     "backup: silent; observed names have minutes only",
		Answers: []Answer{{"suffix", "its directory gets a suffix"}, {"replace", "it replaces the first"}, {"error", "it ends in ERROR"}},
	},
	{
		Key: AbsentNoCert, Ask: "What does a restore without no_cert do?",
		Why:     "backup, Start restore: no default named",
		Answers: []Answer{{"false", "as with \"false\""}, {"reject", "BAD_REQUEST"}},
	},
	{
		Key: BackupWrongMethod, Ask: "What does a wrong method get on backup and restore?",
		Why:     "backup, Error Codes: HTTP_INVALID_METHOD is not in the table",
		Answers: []Answer{{"405", "HTTP_INVALID_METHOD, as in analytics"}, {"404", "not found"}, {"400", "BAD_REQUEST"}},
	},
	{
		Key: UnknownPath, Ask: "What does a path get that no document knows?",
		Why:     "both documents: silent; the Common API has RESOURCE_NOT_FOUND",
		Answers: []Answer{{"error", "404 with error_id RESOURCE_NOT_FOUND"}, {"plain", "404 with a page"}},
	},
	{
		Key: ErrorInfo, Ask: "Is error_info there when there is nothing to say?",
		Why:     "both documents, Error Codes: optional; recorded bodies have two keys",
		Answers: []Answer{{"absent", "left out"}, {"null", "null"}, {"object", "an object that says more"}},
	},
	{
		Key: MalformedAuth, Ask: "Which error does a malformed Authorization header get?",
		Why:     "both documents, Error Codes: silent",
		Answers: []Answer{{"invalid", "AUTH_INVALID_CREDENTIALS"}, {"required", "AUTH_REQUIRED"}},
	},
	{
		Key: AuthBeforeMethod, Ask: "What does a wrong method without credentials get?",
		Why:     "analytics, Error Codes: silent",
		Answers: []Answer{{"auth", "401"}, {"method", "405"}},
	},
	{
		Key: OpenCommonResource, Ask: "Are services and auth_info answered without credentials?",
		Why:     "the Common API documents say no, recorded devices say yes",
		Answers: []Answer{{"yes", "without"}, {"no", "with credentials only"}},
	},
}
