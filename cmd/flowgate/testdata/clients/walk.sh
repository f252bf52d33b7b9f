#!/bin/sh
# curl logs in by each way, asks for statistics by each template, starts a backup, follows it, and logs out.
set -eu
stats=$URL/api/mgmt.flowgateway_analytics/1.0/import_stats
backup=$URL/api/mgmt.gateway_backup/1.0/backup
common=$URL/api/common/1.0
# The configuration of each way stands in a file, so that no secret is in the list of processes.
ask() { curl -sS --fail --cacert "$CA" -K "$way.curl" "$@"; }

printf 'user = "%s:%s"\n' admin admin >basic.curl
printf 'cookie = "jar"\n' >session.curl
printf 'data = "username=admin&password=admin"\ncookie-jar = "jar"\n' >login.curl
printf 'data-urlencode = "assertion=%s"\n' "$(cat "$CODE")" >code.curl

for way in basic session oauth; do
	case $way in
	session) curl -sS --fail --cacert "$CA" -K login.curl "$common/login.json" | grep -q '"session_key":"SESSID"' ;;
	oauth)
		token=$(curl -sS --fail --cacert "$CA" -d grant_type=access_code -K code.curl "$common/oauth/token" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
		printf 'oauth2-bearer = "%s"\n' "$token" >oauth.curl
		;;
	esac
	ask -X GET --json '{"stats_type":"flows_per_minute","interval_type":"minutes","time_interval":60,"source_ip":""}' "$stats" | grep -q '"peak_n_flows":"'
	ask -X GET --json '{"stats_type":"flows_per_minute","start_time":"14/12/2023 19:00:00","end_time":"14/12/2023 20:00:00","source_ip":""}' "$stats" >b
	ask -X GET --json '{"stats_type":"flows_per_minute","start_time":1702580400,"end_time":1702584000,"source_ip":""}' "$stats" >c
	grep -q '"2023-12-14 19:00:00+00:00"' b
	cmp b c
	test -z "$(ask --json '{"hostname":"localhost","security_pwd":"secret"}' "$backup")"
	until ask "$backup" | grep -q '"running":{.*"COMPLETED"'; do :; done
	if [ $way = session ]; then
		test "$(ask -o none -w '%{http_code}' -X POST "$common/logout")" = 204
		ask "$backup" 2>none && exit 1
	fi
	echo "$way ok"
done
