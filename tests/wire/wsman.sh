# shellcheck shell=bash disable=SC2154  # what tests/wire/run has set
# Sourced by tests/wire/run, while the numbers stand still: WS-Management as python3-winrm and
# quickmode itself see it; curl sends what no client would. Lets the numbers move again.
get "$url/api/v1/instances/$class?integers=text&refresh=0" > "$room/wsman.json"
for of in "Win32_PerfFormattedData_$class" Test_Hostile; do
  get -G "$url/api/v1/query" --data-urlencode "q=SELECT * FROM $of" -d integers=text -d refresh=0 \
    > "$room/wsman-$of.json"
done
tools=$here/../../build/tools/usr/lib/python3/dist-packages
(
  until [[ -e $room/wsman.json.go ]]; do read -rt 0.1 <> <(:) || true; done
  kill -CONT "${children[1]}"
) &
children+=($!)

# The same question, here and over WS-Management: one CSV.
same_answer() {
  local -x QUICKMODE_PASSWORD="correct horse"
  local query="SELECT InstanceName, Active, ConfidentialBytesSent, BadSPIPackets FROM $class"
  "$bin/quickmode" --runtime-dir "$room/run" query --csv "$query" > "$room/here.csv" || return
  "$bin/quickmode" query --csv --host "$url" --user reader "$query" > "$room/there.csv" || return
  [[ $(wc -l < "$room/there.csv") == 6 ]] && diff "$room/here.csv" "$room/there.csv"
}
check 'quickmode query --host gives what quickmode query gives' same_answer
wrong_query() {
  local code=0
  "$bin/quickmode" query --host "$url" "SELECT Colour FROM $class" 2> "$room/wrong" || code=$?
  if [[ $code != 64 ]] || ! grep -q '\^' "$room/wrong"; then cat "$room/wrong"; return 1; fi
}
check 'and its complaints, with a caret' wrong_query

if command -v python3 > /dev/null; then
  if python3 "$here/wsman.py" "$url" "$room/wsman.json" "$class" "$tools" \
    "$room"/wsman-*.json; then :; else
    failures=$((failures + 1))
  fi
fi
: > "$room/wsman.json.go"

# soap STATUS TEXT CURL'S ARGUMENTS...: the answer's status, and what is in it.
soap() {
  local status=$1 text=$2
  shift 2
  curl -s --max-time 20 --noproxy '*' -o "$room/body" -D "$room/head" "$@"
  if ! grep -q "^HTTP/1.1 $status" "$room/head" || ! grep -q "$text" "$room/body"; then
    cat "$room/head" "$room/body"
    return 1
  fi
}
type='Content-Type: application/soap+xml;charset=UTF-8'
identify='<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body><i:Identify
xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>'
check 'Identify' soap 200 IdentifyResponse -H "$type" -H 'WSMANIDENTIFY: unauthenticated' \
  -d "$identify" "$url/wsman"
check 'with a slash' soap 200 IdentifyResponse -H "$type" -d "$identify" "$url/wsman/"
check 'in UTF-16' soap 200 . -H 'Content-Type: application/soap+xml;charset=UTF-16' \
  --data-binary @<(printf '%s' "$identify" | iconv -t UTF-16) "$url/wsman"
check 'no body' soap 400 SchemaValidationError -H "$type" -d '' "$url/wsman"
check 'half of it' soap 400 SchemaValidationError -H "$type" -d "${identify:0:120}" "$url/wsman"
check 'a DOCTYPE' soap 400 SchemaValidationError -H "$type" "$url/wsman" \
  -d '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
check 'no action' soap 500 MessageInformationHeaderRequired -H "$type" "$url/wsman" \
  -d "${identify//Identify/Strange}"
check 'no SOAP' soap 415 EncodingType -H 'Content-Type: application/json' -d '{}' "$url/wsman"
check 'where Windows has Identify for all' soap 200 IdentifyResponse -H "$type" -d "$identify" \
  "$url/wsman-anon/identify"
check 'and nothing but it' soap 401 AccessDenied -H "$type" "$url/wsman-anon/identify" \
  -d "${identify//Identify/Strange}"
check 'GET is not served' soap 405 POST "$url/wsman"
check 'it says what is' grep -qi '^Allow: POST, OPTIONS' "$room/head"
options() {
  curl -s --max-time 20 --noproxy '*' -o "$room/body" -D "$room/head" -X OPTIONS "$url/wsman"
  grep -q '^HTTP/1.1 200' "$room/head" && grep -qi '^Allow: POST, OPTIONS' "$room/head"
}
check 'OPTIONS says it, too' options
check 'PUT is not served' soap 405 PUT -X PUT "$url/wsman"
check 'nothing lies below' soap 404 /wsman -H "$type" -d "$identify" "$url/wsman/below"
check 'a body past the limit' soap 413 limit -H "$type" "$url/wsman" \
  --data-binary @<(head -c 1100000 /dev/zero | tr '\0' ' ')
