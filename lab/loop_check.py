import sys, torch, numpy as np
torch.set_num_threads(1)
from blocks import BlockNet
from scores import row
ck = torch.load(sys.argv[1], weights_only=False); a = ck["args"]; net = BlockNet(blocks=a["blocks"], heads=a["heads"], depth=a["depth"], tied=bool(a["tied"]), hidden=a["hidden"], power=a["power"]); net.load_state_dict(ck["ema"])
for shape, N in (((5, 5), 4000), ((10, 10), 2000), ((20, 20), 1000), ((6, 4), 1000), ((4, 7), 1000)):
    A = torch.from_numpy(np.random.default_rng(77).uniform(-10, 10, (N, *shape))); out = []
    for dt in (torch.float64, torch.float32):
        X, d, u = net.to(dt).solve(A.to(dt), 2e-3); e = net.double().defect(A, X.double()); out.append(f"{dt}: {row(e)} passes {u.double().mean():.2f} max {u.max()}, failed {(e >= .005).sum().item()}")
        if dt == torch.float64 and shape[0] != shape[1]: P = torch.linalg.pinv(A); print(shape, "pinv relative L1", row((X.mT - P).abs().sum((1, 2)) / P.abs().sum((1, 2))))
    print(shape, " | ".join(out), flush=True)
