package bench_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/bench"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                       "0 ns",
		1:                       "1 ns",
		751:                     "751 ns",
		999:                     "999 ns",
		999_600:                 "1 ms",
		1000:                    "1 µs",
		4213:                    "4.21 µs",
		42_130:                  "42.1 µs",
		421_300:                 "421 µs",
		1800 * time.Microsecond: "1.8 ms",
		100 * time.Second:       "100 s",
	} {
		require.Equal(t, want, bench.Duration(d))
	}
}

// The bars are as many as the rows of the first number of goroutines, longer
// for what took longer, and a name cannot break out of its text.
func TestPlot(t *testing.T) {
	report := &bench.Report{Rows: []bench.Row{
		{Engine: "a<b", Script: `"&`, Way: bench.New, Goroutines: 1, P50: 2 * time.Millisecond, P99: 3 * time.Millisecond},
		{Engine: "a<b", Script: `"&`, Way: bench.Reset, Goroutines: 1, P50: 4 * time.Microsecond, P99: 20 * time.Microsecond},
		{Engine: "a<b", Script: `"&`, Way: bench.Reset, Goroutines: 2, P50: 5 * time.Microsecond, P99: 20 * time.Microsecond},
		{Engine: "a<b", Script: "other", Way: bench.Reset, Goroutines: 1, P50: 4 * time.Microsecond, P99: 4 * time.Microsecond},
	}}
	var out bytes.Buffer
	require.NoError(t, bench.Plot(&out, report))

	var texts, bars []string
	d := xml.NewDecoder(&out)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.CharData:
			texts = append(texts, strings.TrimSpace(string(token)))
		case xml.StartElement:
			for _, a := range token.Attr {
				if a.Name.Local == "class" && strings.HasPrefix(a.Value, "bar") {
					bars = append(bars, a.Value)
				}
			}
		}
	}
	require.Equal(t, []string{"bar", "bar strong", "bar strong"}, bars)
	for _, want := range []string{`a<b "&`, "a<b other", "2 ms", "4 µs", "1 µs", "10 ms"} {
		require.Contains(t, texts, want)
	}
}
