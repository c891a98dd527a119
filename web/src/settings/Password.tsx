/** Sets or changes the password of the UI. */
import { Button, PasswordInput } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { wire } from '../api/client';
import { me } from '../api/queries';
import { Card } from '../parts/Card';
import { Failure } from '../parts/Failure';
import { Loaded } from '../parts/Loaded';
import look from './Settings.module.css';

const SHORTEST = 12;

export function Password() {
  const somebody = useQuery(me());
  return <Card>{<Loaded from={somebody}>{(data) => <Form isSet={data.password_set} />}</Loaded>}</Card>;
}

function Form({ isSet }: { isSet: boolean }) {
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () => wire.PUT('/api/v1/password', { body: { password, current_password: isSet ? current : null } }),
    async onSuccess() {
      setCurrent('');
      setPassword('');
      setAgain('');
      await queries.invalidateQueries({ queryKey: ['me'] });
    },
  });
  const short = password !== '' && password.length < SHORTEST;
  const differs = again !== '' && again !== password;
  const ready = password.length >= SHORTEST && again === password && (!isSet || current !== '');
  const eye = { 'aria-label': 'Show the password', tabIndex: 0, 'aria-hidden': false };
  return (
    <form
      className={`${look.form} ${look.narrow}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) save.mutate();
      }}
    >
      {isSet && <PasswordInput label="Current password" autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.currentTarget.value)} visibilityToggleButtonProps={eye} />}
      <PasswordInput
        label={isSet ? 'New password' : 'Password'}
        description={`At least ${SHORTEST} characters. A few random words are easy to keep and hard to guess.`}
        autoComplete="new-password"
        value={password}
        error={short && `${SHORTEST - password.length} more`}
        onChange={(event) => {
          setPassword(event.currentTarget.value);
          save.reset();
        }}
        visibilityToggleButtonProps={eye}
      />
      <PasswordInput label="The same again" autoComplete="new-password" value={again} error={differs && 'It is not the same.'} onChange={(event) => setAgain(event.currentTarget.value)} visibilityToggleButtonProps={eye} />
      {save.isError && <Failure thrown={save.error} />}
      <div className={look.end}>
        {save.isSuccess && (
          <span className={look.done} role="status">
            <IconCheck size={15} stroke={2} aria-hidden />
            Saved
          </span>
        )}
        <Button type="submit" variant="filled" disabled={!ready} loading={save.isPending}>
          {isSet ? 'Change the password' : 'Set the password'}
        </Button>
      </div>
    </form>
  );
}
