// Maps: counts how often each remainder comes, by text keys.
{
    const counts = {};
    for (let i = 0; i < 1000; i++) {
        const key = `k${i * i % 101}`;
        counts[key] = (counts[key] ?? 0) + 1;
    }
    let most = 0;
    for (const count of Object.values(counts)) {
        if (count > most) most = count;
    }
    `${Object.keys(counts).length} ${counts.k0} ${most}`
}
