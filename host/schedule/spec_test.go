package schedule

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseSpec(t *testing.T) {
	for _, c := range []struct {
		text string
		want Spec
	}{
		{"at 2027-01-31T09:00:00+01:00", Spec{At: "2027-01-31T09:00:00+01:00"}},
		{"every 1h30m", Spec{Every: "1h30m"}},
		{"cron 0 9 * * mon-fri", Spec{Cron: "0 9 * * mon-fri"}},
		{"cron @hourly zone Asia/Kolkata", Spec{Cron: "@hourly", Zone: "Asia/Kolkata"}},
		{"cron 5/10 0 9 ? JAN SUN", Spec{Cron: "5/10 0 9 ? JAN SUN"}},
		{"cron 0 9 * * 0-6/2 zone UTC", Spec{Cron: "0 9 * * 0-6/2", Zone: "UTC"}},
	} {
		t.Run(c.text, func(t *testing.T) {
			got, err := ParseSpec(c.text)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			require.Equal(t, c.text, got.String())
			spaced, err := ParseSpec("  " + strings.ReplaceAll(c.text, " ", " \t ") + "\n")
			require.NoError(t, err)
			require.Equal(t, c.want, spaced)
		})
	}
}

func TestParseSpecRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", " ", "schedule is empty, e.g. every 15m"},
		{"another word", "daily 9", "at, every or cron"},
		{"too long", "cron " + strings.Repeat("1,", 300), "at most 512"},
		{"nothing behind the word", "every", "exactly one"},
		{"zone with every", "every 1h zone Europe/Berlin", "zone is for cron alone"},
		{"zone with at", "at 2027-01-31T09:00:00Z zone Europe/Berlin", "zone is for cron alone"},

		{"at without an offset", "at 2027-01-31T09:00:00", "e.g. 2027-01-31T09:00:00Z"},
		{"at with a comma", "at 2027-01-31T09:00:00,5Z", "not RFC 3339"},
		{"at with an hour of one digit", "at 2027-01-31T9:00:00Z", "not RFC 3339"},
		{"at with an offset of a day", "at 2027-01-31T09:00:00+24:00", "not RFC 3339"},
		{"at with a fraction", "at 2027-01-31T09:00:00.5Z", "whole seconds"},
		{"at on no day", "at 2027-02-30T09:00:00Z", "at \"2027-02-30"},
		{"at after the last year", "at 9999-12-31T23:59:59-01:00", "years 1 to 9999"},

		{"every without a unit", "every 15", "e.g. 30s, 15m or 24h"},
		{"every too short", "every 999ms", "at least 1s"},
		{"every zero", "every 0s", "at least 1s"},
		{"every negative", "every -1h", "at least 1s"},
		{"every with a fraction", "every 1.5s", "whole seconds"},
		{"every too long", "every 9999999999h", "not a duration"},

		{"four fields", "cron 0 9 * *", "has 4 fields"},
		{"seven fields", "cron 0 0 9 * * * 2027", "has 7 fields"},
		{"long expression", "cron " + strings.Repeat("1,", 150) + "1 * * * *", "at most 256"},
		{"minute too large", "cron 60 * * * *", `cron: minute "60"`},
		{"second too large", "cron 60 * * * * *", `cron: second "60"`},
		{"hour not a number", "cron 0 nine * * *", `cron: hour "nine"`},
		{"day of month 0", "cron 0 0 0 * *", `cron: day of month "0"`},
		{"month by a wrong name", "cron 0 0 1 janvier *", `cron: month "janvier"`},
		{"weekday 7", "cron 0 0 * * 7", "Sunday is 0 or sun"},
		{"range to weekday 7", "cron 0 0 * * 5-7", "Sunday is 0 or sun"},
		{"range backwards", "cron 0 0 * * fri-mon", `cron: day of week "fri-mon"`},
		{"step 0", "cron */0 * * * *", "step of range should be a positive number"},
		{"step beyond the field", "cron */90 * * * *", "at most 59"},
		{"step beyond numbers", "cron */99999999999999999999 * * * *", "at most 59"},
		{"two steps", "cron */2/3 * * * *", "cron: minute"},
		{"only a comma", "cron , * * * *", "cron: minute"},
		{"empty part", "cron 1,,2 * * * *", "cron: minute"},
		{"star in a range", "cron *-5 * * * *", "cron: minute"},
		{"a sign", "cron +5 * * * *", "cron: minute"},
		{"30 February", "cron 0 0 30 2 *", "no month has"},
		{"31 in short months", "cron 0 0 31 feb,apr,jun,sep,nov *", "no month has"},
		{"TZ inside", "cron TZ=Europe/Berlin 0 9 * * *", "zone is a field of its own"},
		{"TZ alone", "cron TZ=", "zone is a field of its own"},
		{"CRON_TZ inside", "cron CRON_TZ=Europe/Berlin 0 9 * * *", "zone is a field of its own"},
		{"@every", "cron @every 5m", "every 15m"},
		{"@reboot", "cron @reboot", "none of @yearly"},
		{"two descriptors", "cron @daily @hourly", "none of @yearly"},

		{"zone unknown", "cron @daily zone Europe/Atlantis", "IANA"},
		{"zone of the machine", "cron @daily zone Local", "IANA"},
		{"zone file of the machine", "cron @daily zone localtime", "IANA"},
		{"zone with leap seconds", "cron @daily zone right/Europe/Berlin", "IANA"},
		{"zone outside the database", "cron @daily zone ../../etc/passwd", "IANA"},
		{"zone too long", "cron @daily zone " + strings.Repeat("x", 65), "IANA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseSpec(c.text)
			require.ErrorContains(t, err, c.want)
			require.Less(t, len(err.Error()), 300, "messages are short, whatever came in")
		})
	}
}

func TestValidateWantsExactlyOne(t *testing.T) {
	for _, s := range []Spec{
		{}, {Zone: "UTC"},
		{At: "2027-01-31T09:00:00Z", Every: "1h"},
		{Every: "1h", Cron: "@daily"},
		{At: "2027-01-31T09:00:00Z", Every: "1h", Cron: "@daily"},
	} {
		require.ErrorContains(t, s.Validate(), "exactly one", s.String())
	}
	require.NoError(t, Spec{Cron: " 0  9 * * * "}.Validate())
}

func TestMessagesAreASCII(t *testing.T) {
	for _, text := range []string{"\x1b[2J 1", "at \x1b[2J", "every ä", "cron \x07 * * * *", "cron @ä", "cron @daily zone \x1b[2J"} {
		_, err := ParseSpec(text)
		require.Error(t, err)
		for _, r := range err.Error() {
			require.True(t, r >= ' ' && r < 0x7f, "%q", err)
		}
	}
}

func TestSpecAsJSON(t *testing.T) {
	want := Spec{Cron: "0 9 * * *", Zone: "Europe/Berlin"}
	text, err := json.Marshal(want)
	require.NoError(t, err)
	require.JSONEq(t, `{"cron":"0 9 * * *","zone":"Europe/Berlin"}`, string(text))
	var got Spec
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, want, got)
}
