import sys, time, torch, numpy as np
torch.set_num_threads(1)
from frames import FrameNet
from scores import eig_scores, row
ck = torch.load(sys.argv[1], weights_only=False); a = ck["args"]; net = FrameNet(hidden=a["hidden"], polish=a["polish"]); net.load_state_dict(ck["ema"])
rng = np.random.default_rng(1)
for n in (5, 10, 20):
    M = rng.uniform(-10, 10, (4096, n, n)); A = np.tril(M) + np.tril(M, -1).transpose(0, 2, 1); t = torch.from_numpy(A).float()
    best = lambda f: min((lambda s: (f(), time.process_time() - s)[1])(time.process_time()) for _ in range(3))
    lap = best(lambda: np.linalg.eigh(A)); lap32 = best(lambda: np.linalg.eigh(A.astype(np.float32)))
    res = []
    for tol in (2e-2, 5e-3):
        me = best(lambda: net.solve(t, tol)); d, q, u = net.solve(t, tol); res.append(f"tol {tol}: {me/4096*1e6:.0f} us ({me/lap:.1f} x), loops {u.double().mean():.1f}, {row(eig_scores(torch.from_numpy(A), d, q)[0])}")
    print(n, f"eigh f64 {lap/4096*1e6:.1f} us f32 {lap32/4096*1e6:.1f} us", " | ".join(res), flush=True)
