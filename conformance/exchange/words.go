package exchange

import "strings"

// vocabulary are the words of the two documents, of HTTP and of this package. A secret that is one of them, or a part
// of one, cannot be told from the word.
const vocabulary = `
/api/mgmt.flowgateway_analytics/1.0/import_stats /api/mgmt.gateway_backup/1.0/backup /api/mgmt.gateway_backup/1.0/restore
/api/common/1.1/services /api/common/1.0/auth_info /api/common/1.0/info.json /api/common/1.0/oauth/token /api/common/1.0/oauth/authorize
/api/cascade.aaa/1.0/keepalive /api/common/1.0/login /api/common/1.0/logout.json /api/common/1.0/ping
http://localhost https:// text/html application/json application/xml application/x-www-form-urlencoded;charset=utf-8 text/plain http/1.1 http/2.0
authorization basic bearer signedbearer realm= cookie set-cookie sessid secure httponly samesite=strict=lax path=/ expires=max-age=
content-type content-length content-encoding transfer-encoding chunked identity gzip accept-encoding user-agent x-request-id server date connection keep-alive close
cache-control no-cache no-store must-revalidate x-content-type-options nosniff x-frame-options sameorigin strict-transport-security www-authenticate allow get post put delete patch head options
hostname username password passwords security_pwd no_cert path subdir timestamp time_interval message host status last_successful running
stats_type interval_type start_time end_time source_ip flows_per_second flows_per_minute flows_per_hour seconds minutes hours weeks days months
peak_n_bad_bytes peak_n_bad_packets peak_n_flows n_bytes n_packets displaystats requestedstats
error_id error_text error_info bad_request auth_required auth_invalid_credentials auth_invalid_session auth_invalid_token auth_expired_token http_invalid_method internal_error resource_not_found
none executing error completed true false null string number object array invalid argument required missing unknown field value credentials authentication
session_key session_id access_token token_type assertion access_code supported_methods oauth_2_0 specify_purpose login_banner sw_version mgmt_addresses serial device_name model services versions common
mazu admin localhost /mnt/data/flowgateway-backup flowgate flowgateway flow gateway analytics profiler user secret
redacted_password redacted_security_pwd redacted_session redacted_credentials redacted_cookie redacted_assertion redacted_secret redacted_body redacted_compressed_body redacted_access_code
`

// ordinary reports that a value is, or is within, a word that answers are full of.
func ordinary(value string) bool {
	return strings.Contains(vocabulary, strings.ToLower(value)) || strings.Trim(value, "{}[],:\" \t\r\n\\") == ""
}
