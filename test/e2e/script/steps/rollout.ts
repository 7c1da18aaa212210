import { kubectlOnly, type Step } from '../step.ts';

export const rolloutSteps: readonly Step[] = [
  {
    run: 'scale deployment web --replicas=4 --current-replicas=9',
    code: 1,
    err: 'Expected replicas to be 9, was <number>',
  },
  { run: 'scale deployment/web --replicas=3', out: 'deployment.apps/web scaled' },
  { run: 'scale deployment/web --replicas=1 --current-replicas=3', out: 'deployment.apps/web scaled' },
  { run: 'rollout status deployment/web --timeout=30s', has: ['deployment "web" successfully rolled out'] },
  { run: 'rollout restart deployment/web', out: 'deployment.apps/web restarted' },
  { run: 'rollout status deployment web --timeout=30s', has: ['deployment "web" successfully rolled out'] },
  { run: 'set env deployment/web COLOUR=red', out: 'deployment.apps/web env updated', only: kubectlOnly },
  { run: 'set env deployment/web --list', has: ['# Deployment web, container web', 'COLOUR=red'], only: kubectlOnly },
  {
    run: 'set image deployment/web web=berth.local/busybox:1',
    out: 'deployment.apps/web image updated',
    only: kubectlOnly,
  },
  {
    run: 'rollout history deployment/web',
    has: ['deployment.apps/web', 'REVISION CHANGE-CAUSE', '1 <none>', '2 <none>'],
  },
  {
    run: 'rollout history deployment/web --revision=1',
    has: ['deployment.apps/web with revision #1', 'Image: berth.local/hello:1'],
  },
  { run: 'rollout undo deployment/web --to-revision=1', out: 'deployment.apps/web rolled back' },
  {
    run: 'rollout undo deployment/web --to-revision=77',
    code: 1,
    err: 'specified revision 77 in history',
  },
  { run: 'rollout status deployment/web --timeout=30s', has: ['deployment "web" successfully rolled out'] },
  { run: 'get deployment web -o jsonpath={.spec.template.spec.containers[0].image}', out: 'berth.local/hello:1' },
  { run: 'rollout pause deployment/web', out: 'deployment.apps/web paused' },
  { run: 'rollout pause deployment/web', code: 1, err: 'deployments.apps "web" is already paused' },
  { run: 'rollout undo deployment/web', code: 1, err: 'cannot rollback a paused deployment' },
  { run: 'rollout resume deployment/web', out: 'deployment.apps/web resumed' },
  { run: 'rollout resume deployment/web', code: 1, err: 'deployments.apps "web" is not paused' },
  { run: 'wait deployment/web --for=condition=Available --timeout=20s', out: 'deployment.apps/web condition met' },
];
