package token

// The rules by which tokens are refused, as the log says them: identity.Refusal's Rule. They are constants, so nothing
// of a token is in them.
const (
	RuleEmpty     = "it is empty"
	RuleTooLong   = "it has more than 8192 bytes"
	RuleParts     = "it has not three parts with two dots between them"
	RuleBase64    = "a part is not base64url without padding and without trailing bits"
	RuleSignature = "its signature is wrong"

	RuleHeader    = "its header is not one JSON object with each name once"
	RuleHeaderOdd = "its header has a name in other letters than it has here, such as ALG"
	RuleAlg       = "its header has no alg, or one that is not a string"
	RuleAlgorithm = "its algorithm is none of those that are allowed here"
	RuleKid       = "its kid is not a string"
	RuleTyp       = "its typ is not a string"
	RuleCrit      = "its header has crit"
	RuleB64       = "its header has b64"

	RuleNoKeys    = "no keys were fetched from --token-jwks yet"
	RuleStale     = "the keys of --token-jwks are older than --token-stale"
	RuleUnknown   = "its key is not among those of --token-jwks"
	RuleAmbiguous = "several keys of --token-jwks fit it"
	RuleBusy      = "its key is not known, and too many tokens with unknown keys wait for the next fetch"

	RuleClaims    = "its claims are not one JSON object with each name once"
	RuleClaimsOdd = "it has a claim in other letters than it has here, such as EXP"
	RuleSub       = "it has no sub, or one that is not a string"
	RuleSubName   = "its sub is no valid name in its normal form"
	RuleSubTaken  = "its sub begins like a guest's or a key's name"
	RuleExp       = "it has no exp, or one that is not a time in seconds"
	RuleExpired   = "its exp is over"
	RuleNbf       = "its nbf is not a time in seconds"
	RuleNbfFuture = "its nbf is in the future"
	RuleIat       = "its iat is not a time in seconds"
	RuleIatFuture = "its iat is in the future"
	RuleIss       = "its iss is not a string"
	RuleIssOther  = "its iss is not --token-issuer"
	RuleAud       = "its aud is not a string or a list of strings"
	RuleAudOther  = "its aud has not --token-audience"
	RuleJti       = "its jti is not a string of at most 256 bytes"
	RuleName      = "its name is not a valid name"
	RuleGroups    = "its groups are not a list of at most 256 strings"
	RuleGrants    = "its claim verbatim is not an object of read, write, create and moderate, each a list of strings"
	RulePatterns  = "its claim verbatim has a pattern that is none, or more than 256"
)
