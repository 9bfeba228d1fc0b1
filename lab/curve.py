"""curve.py CKPT: f(sigma) after the whole network on [1/kappa, 1] for spectra with one small singular value; layers' growth; kappa reached."""
import sys, torch, numpy as np
torch.set_num_threads(1)
from blocks import BlockNet
ck = torch.load(sys.argv[1], weights_only=False); a = ck["args"]; net = BlockNet(blocks=a["blocks"], heads=a["heads"], depth=a["depth"], tied=bool(a["tied"]), hidden=a["hidden"], power=a["power"]).double(); net.load_state_dict(ck["ema"])
for n in (5, 10, 20):
    base = torch.from_numpy(np.linalg.svd(np.random.default_rng(3).uniform(-10, 10, (1, n, n)), compute_uv=False)); k = torch.logspace(0, 4, 41, dtype=torch.float64); s = base.repeat(41, 1); s[:, -1] = s[:, 0] / k
    with torch.no_grad(): o = net.on_spectrum(s)
    r = [((1 - s * f) if a["power"] == -1 else (1 - f)).abs() for f in o]
    print(n, "kappa: residual of the smallest", " ".join(f"{kk:.0f}:{x:.1e}" for kk, x in zip(k[::4], r[-1][::4, -1])), "| largest residual of the others", f"{r[-1][:, :-1].max():.1e}")
    i = 24; print("   after each layer, kappa 251:", " ".join(f"{x[i,-1]:.2g}" for x in r))
